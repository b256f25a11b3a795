-- KEYS head   ARGV field value.   Sets a field of a conversation that is here.   1 ok, 0 it is not here
if redis.call('HEXISTS', KEYS[1], 'seq') == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
touch(KEYS[1])
return 1
