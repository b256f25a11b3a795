-- KEYS head ready scheduled dead sends   ARGV reader cid cursor dead_id seen
-- Moves the reader's cursor back before the entries that failed and wakes it.   1 ok, 0 no such letter
local head, ready, scheduled, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local reader, cid = ARGV[1], ARGV[2]
if redis.call('EXISTS', head) == 0 then return 0 end
if redis.call('XDEL', dead, ARGV[4]) == 0 then return 0 end
if num(redis.call('HGET', head, 'c:' .. reader)) > tonumber(ARGV[3]) then
  redis.call('HSET', head, 'c:' .. reader, ARGV[3])
end
redis.call('HDEL', KEYS[5], reader .. ':' .. ARGV[5])
if redis.call('HEXISTS', head, 'w:' .. reader) == 0 then
  wake(head, ready, scheduled, reader, cid, clock())
end
touch(head)
return 1
