-- KEYS alarms scheduled ready(without the reader)   ARGV most base(of the heads' names)
-- Wakes the reader `case` of conversations whose alarm is due.   -> how many
local now = clock()
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
for _, cid in ipairs(due) do
  local head = ARGV[2] .. cid
  redis.call('ZREM', KEYS[1], cid)
  if redis.call('EXISTS', head) == 1 then
    redis.call('HDEL', head, 'alarm')
    redis.call('HSET', head, 'rung', 1)
    if redis.call('HEXISTS', head, 'w:case') == 0 then wake(head, KEYS[3] .. 'case', KEYS[2], 'case', cid, now) end
  end
end
return #due
