-- KEYS head dead   ARGV reader cid token cursor seen error stream.   Notes a dead letter under our lease.   1 ok, 0 stale
if redis.call('HGET', KEYS[1], 'l:' .. ARGV[1]) ~= ARGV[3] then return 0 end
redis.call('XADD', KEYS[2], '*', 'c', ARGV[2], 'r', ARGV[1], 'f', ARGV[4], 's', ARGV[5], 'e', ARGV[6], 'w', ARGV[7], 't', clock())
return 1
