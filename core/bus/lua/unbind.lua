-- KEYS address touched   ARGV conversation
-- The address leads to this conversation no more, if it does; the archive need not look at it.   1 so it was, 0 it did not
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('ZREM', KEYS[2], '@' .. KEYS[1])
return redis.call('DEL', KEYS[1])
