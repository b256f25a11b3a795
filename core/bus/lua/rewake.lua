-- KEYS head ready scheduled   ARGV reader cid channel(of the stream; empty: of any)
-- Puts a wake-up back that its stream has lost.   1 put back, 0 nothing to do
local head, ready, scheduled, reader, cid = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local id = redis.call('HGET', head, 'w:' .. reader)
if not id then
  redis.call('ZREM', scheduled, reader .. '|' .. cid)
  return 0
end
if ARGV[3] ~= '' and redis.call('HGET', head, 'ch') ~= ARGV[3] then return 0 end
if #redis.call('XRANGE', ready, id, id) > 0 then return 0 end
wake(head, ready, scheduled, reader, cid, clock())
return 1
