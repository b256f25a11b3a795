-- KEYS head log seen state gone sends steps turns journal scheduled alarms unseen ready(without the reader)
-- ARGV cid stamp state pull(,channel,channel,) lost(rev of what was lost with the store; -1: it had left) archived
--      n_head n_entries n_seen n_sends n_steps n_turns, then n_head × (field value),
--      n_entries × (seq body at epoch role), n_seen × (event value), n_sends × (field value), n_steps × (step),
--      n_turns × (seq receipt)
-- Brings a conversation back whole, and wakes who has something to read in it. Entries and receipts behind sequence
-- `archived` are told to the archive.   1 brought back, 0 it is here already, -1 this state of it is too old,
-- -2 it was erased
local head, cid, lost = KEYS[1], ARGV[1], tonumber(ARGV[5])
local here = redis.call('HMGET', head, 'seq', 'rev')
if here[1] and (lost < 0 or num(here[2]) >= lost) then return 0 end
local last = redis.call('GET', KEYS[5])
if last == 'erased' then return -2 end
if lost < 0 and last and last ~= ARGV[2] then return -1 end
redis.call('DEL', head, KEYS[2], KEYS[3], KEYS[4], KEYS[6], KEYS[7], KEYS[8])
local at, archived = 13, tonumber(ARGV[6])
local function each(count, width, act)
  for _ = 1, tonumber(count) do
    act(at)
    at = at + width
  end
end
each(ARGV[7], 2, function(i) redis.call('HSET', head, ARGV[i], ARGV[i + 1]) end)
local now = clock()
each(ARGV[8], 5, function(i)
  redis.call('XADD', KEYS[2], ARGV[i] .. '-0', 'b', ARGV[i + 1], 't', ARGV[i + 2], 'e', ARGV[i + 3], 'r', ARGV[i + 4])
  if lost >= 0 and tonumber(ARGV[i]) > archived then
    redis.call('XADD', KEYS[9], '*', 'k', 'entry', 'c', cid, 's', ARGV[i], 'b', ARGV[i + 1], 't', ARGV[i + 2],
      'e', ARGV[i + 3], 'h', standing(head))
  end
end)
each(ARGV[9], 2, function(i) redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end)
each(ARGV[10], 2, function(i) redis.call('HSET', KEYS[6], ARGV[i], ARGV[i + 1]) end)
each(ARGV[11], 1, function(i) redis.call('RPUSH', KEYS[7], ARGV[i]) end)
each(ARGV[12], 2, function(i)
  redis.call('HSET', KEYS[8], ARGV[i], ARGV[i + 1])
  redis.call('XADD', KEYS[9], '*', 'k', kind_of(ARGV[i + 1]), 'c', cid, 's', ARGV[i], 'b', ARGV[i + 1], 't', now,
    'n', ARGV[i], 'h', standing(head))
end)
if ARGV[3] ~= '' then redis.call('SET', KEYS[4], ARGV[3]) end
redis.call('DEL', KEYS[5])
if lost < 0 then return 1 end
-- Its mark is here: it left the store, and who took it out died before the archive knew. Nothing came after it.
if last == ARGV[2] then redis.call('HDEL', head, 'floor') end

local h = redis.call('HMGET', head, 'seq', 'ch', 'lcs', 'c:engine', 'lds', 'c:customer', 'fol', 'alarm', 'rung', 'said',
  'shown', 'home')
local function wake_up(reader, stream) wake(head, KEYS[13] .. stream, KEYS[10], reader, cid, now) end
if num(h[3]) > num(h[4]) then wake_up('engine', 'engine') end
local pulls = h[2] and string.find(ARGV[4], ',' .. h[2] .. ',', 1, true)
if h[2] and not pulls and num(h[5]) > num(h[6]) then wake_up('customer', 'deliver:' .. h[2]) end
for reader in string.gmatch(h[7] or '', '[^,]+') do
  local behind = num(redis.call('HGET', head, 'c:' .. reader)) < num(h[1])
  if behind or (reader == 'case' and h[9]) then wake_up(reader, reader) end
end
if h[8] then redis.call('ZADD', KEYS[11], h[8], cid) end
if h[2] == 'web' and not h[12] and num(h[10]) > num(h[11]) then redis.call('ZADD', KEYS[12], 'NX', now, cid) end
touch(head)
return 1
