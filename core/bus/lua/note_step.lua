-- KEYS head steps   ARGV token body.   One step of the unfinished turn, kept until its commit.
-- -> how many there are now, or -1: the lease is another's
if redis.call('HGET', KEYS[1], 'l:engine') ~= ARGV[1] then return -1 end
local count = redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[1], 'steps', count)
touch(KEYS[1])
return count
