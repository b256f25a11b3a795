-- KEYS head ready scheduled   ARGV reader cid token wake retry_ms
-- Gives the lease back; the wake-up goes, or is set anew when more is waiting.   1 ok, 0 stale
local head, ready, scheduled, reader, cid = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local h = redis.call('HMGET', head, 'l:' .. reader, 'c:' .. reader, reader == 'engine' and 'lcs' or 'lds', 'a:' .. reader)
if h[1] ~= ARGV[3] then return 0 end
release_lease(head, reader)
local retry = tonumber(ARGV[5])
unschedule(head, ready, scheduled, reader, cid, ARGV[4])
if num(h[3]) > num(h[2]) then
  local now = clock()
  wake(head, ready, scheduled, reader, cid, now)
  redis.call('HSET', head, 'b:' .. reader, retry > 0 and now + retry or 0, 'a:' .. reader, num(h[4]))
end
return 1
