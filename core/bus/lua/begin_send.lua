-- KEYS head log sends   ARGV reader token seq entry
-- From here on no preview of this entry begins; what shows an answer already is told (JSON, or '').
-- -> {'send', attempt, unsure(0/1), detail(JSON of what is known of earlier attempts, or ''), preview}
--  | {'sent', preview} | {'withheld', preview} | {'stale'}
local head, log, sends, reader, seq = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[3]
local h = redis.call('HMGET', head, 'l:' .. reader, 'epoch')
if h[1] ~= ARGV[2] then return {'stale'} end
local preview = redis.call('HGET', sends, 'preview') or ''
if ARGV[4] ~= '' then redis.call('HSET', sends, 'begun', ARGV[4]) end
local field = reader .. ':' .. seq
local before = redis.call('HGET', sends, field)
local status, attempt = nil, 0
if before then
  status = string.match(before, '^(%a+)')
  attempt = num(string.match(before, '^%a+|(%d+)'))
end
if status == 'sent' or status == 'failed' then return {'sent', preview} end
if status == 'withheld' then return {'withheld', preview} end
local entry = redis.call('XRANGE', log, seq .. '-0', seq .. '-0')[1]
if not entry then return {'withheld', preview} end
local role, epoch
for i = 1, #entry[2], 2 do
  if entry[2][i] == 'r' then role = entry[2][i + 1] elseif entry[2][i] == 'e' then epoch = num(entry[2][i + 1]) end
end
if role == 'ai' and reader == 'customer' and epoch < num(h[2]) then
  redis.call('HSET', sends, field, 'withheld|' .. attempt)
  return {'withheld', preview}
end
local detail = before and string.match(before, '^%a+|%d+|(.*)$') or ''
redis.call('HSET', sends, field, 'sending|' .. (attempt + 1) .. (detail ~= '' and '|' .. detail or ''))
touch(head)
return {'send', attempt + 1, status == 'sending' and 1 or 0, detail, preview}
