-- KEYS head sends seen   ARGV reader token seq outcome detail(JSON) platform_id...
-- outcome: sent withheld failed (final, the cursor moves) | retry (certainly did not arrive)
--        | part (these pieces arrived, more are to go).   1 ok, 0 stale
local head, sends, reader, seq = KEYS[1], KEYS[2], ARGV[1], ARGV[3]
if redis.call('HGET', head, 'l:' .. reader) ~= ARGV[2] then return 0 end
for i = 6, #ARGV do redis.call('HSET', KEYS[3], 'sent:' .. ARGV[i], seq .. ':') end
local field = reader .. ':' .. seq
local before = redis.call('HGET', sends, field) or 'none|0'
local attempt = string.match(before, '^%a+|(%d+)') or '0'
local status = string.match(before, '^(%a+)')
if ARGV[4] == 'part' then
  redis.call('HSET', sends, field, 'sending|' .. attempt .. '|' .. ARGV[5])
  touch(head)
  return 1
end
if status ~= 'sent' then redis.call('HSET', sends, field, ARGV[4] .. '|' .. attempt .. '|' .. ARGV[5]) end
if ARGV[4] ~= 'retry' and tonumber(seq) > num(redis.call('HGET', head, 'c:' .. reader)) then
  redis.call('HSET', head, 'c:' .. reader, seq, 'a:' .. reader, 0)
end
touch(head)
return 1
