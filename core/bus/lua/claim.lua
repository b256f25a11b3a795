-- KEYS head log state ready scheduled
-- ARGV reader cid wake lease_ms window nonce most_entries force(0/1)
-- `force`: take the lease though it runs; whoever held it is fenced off by the newer token.
-- -> {'done'} | {'early', ms} | {'busy', ms} | {'ok', token, now, head, entries, history, state}
local head, log, state, ready, scheduled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local reader, cid, wake_id = ARGV[1], ARGV[2], ARGV[3]
local h = redis.call('HMGET', head, 'w:' .. reader, 'u:' .. reader, 'l:' .. reader, 'n:' .. reader,
  'b:' .. reader, 'c:' .. reader, LAST[reader] or 'seq', 'rung')
if h[1] ~= wake_id then
  settle(ready, wake_id)
  return {'done'}
end
local now = clock()
local token
if h[3] and num(h[2]) > now and (ARGV[8] == '0' or h[4] == ARGV[6]) then
  if h[4] ~= ARGV[6] then return {'busy', num(h[2]) - now} end
  token = tonumber(h[3])
else
  if num(h[5]) > now then return {'early', num(h[5]) - now} end
  if num(h[7]) <= num(h[6]) and not (reader == 'case' and h[8]) then
    unschedule(head, ready, scheduled, reader, cid, wake_id)
    release_lease(head, reader)
    return {'done'}
  end
  token = redis.call('HINCRBY', head, 'fence', 1)
  redis.call('HINCRBY', head, 'a:' .. reader, 1)
  redis.call('HSET', head, 'l:' .. reader, token, 'n:' .. reader, ARGV[6],
    'u:' .. reader, now + tonumber(ARGV[4]))
end
local cursor = num(h[6])
local entries = redis.call('XRANGE', log, (cursor + 1) .. '-0', '+', 'COUNT', ARGV[7])
local history = {}
if tonumber(ARGV[5]) > 0 and cursor > 0 then
  history = redis.call('XREVRANGE', log, cursor .. '-0', '-', 'COUNT', ARGV[5])
end
return {'ok', token, now, redis.call('HGETALL', head), entries, history, redis.call('GET', state) or ''}
