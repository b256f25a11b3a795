-- KEYS head ready scheduled alarms
-- ARGV reader cid token wake retry_ms seen(-1: the cursor stays) alarm(ms; 0: none; -1: leave it)
-- Gives the lease back; the wake-up goes, or is set anew when more is waiting.   1 ok, 0 stale
local head, ready, scheduled, reader, cid = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local h = redis.call('HMGET', head, 'l:' .. reader, 'c:' .. reader, LAST[reader] or 'seq', 'a:' .. reader)
if h[1] ~= ARGV[3] then return 0 end
release_lease(head, reader)
if tonumber(ARGV[6]) > num(h[2]) then
  h[2] = ARGV[6]
  redis.call('HSET', head, 'c:' .. reader, h[2], 'a:' .. reader, 0)
end
if ARGV[7] ~= '-1' then
  redis.call('HDEL', head, 'rung', 'alarm')
  redis.call('ZREM', KEYS[4], cid)
  if ARGV[7] ~= '0' then
    redis.call('HSET', head, 'alarm', ARGV[7])
    redis.call('ZADD', KEYS[4], ARGV[7], cid)
  end
end
if ARGV[6] ~= '-1' or ARGV[7] ~= '-1' then touch(head) end
local retry = tonumber(ARGV[5])
unschedule(head, ready, scheduled, reader, cid, ARGV[4])
if num(h[3]) > num(h[2]) then
  local now = clock()
  wake(head, ready, scheduled, reader, cid, now)
  redis.call('HSET', head, 'b:' .. reader, retry > 0 and now + retry or 0, 'a:' .. reader, num(h[4]))
end
return 1
