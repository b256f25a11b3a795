-- KEYS head log state turns journal ready_engine ready_deliver scheduled steps ready(without the reader) unseen
-- ARGV cid token epoch seen wake knew(-1: do not merge) delivers(0/1) state receipt tokens cost n_head n_entries followers
--      minds(which of the entries is the last word to the customer of a page; 0: none is, or nobody minds)
--      then n_head × (field value), then n_entries × (role body)
-- -> {'ok', seq…} | {'stale'} | {'epoch'} | {'superseded'}
local head, log, state, turns, journal, ready_engine, ready_deliver, scheduled =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local cid, token, epoch, seen, wake_id = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local h = redis.call('HMGET', head, 'l:engine', 't:engine', 'epoch', 'lcs', 'seq', 'c:engine', 'w:customer', 's:engine', 'floor')

if h[2] == token then -- a repeat of a call whose answer was lost
  local out = {'ok'}
  for s in string.gmatch(h[8] or '', '%d+') do out[#out + 1] = tonumber(s) end
  return out
end
if h[1] ~= token then return {'stale'} end
if num(h[3]) ~= epoch then
  release_lease(head, 'engine')
  redis.call('HINCRBY', head, 'a:engine', -1) -- it did not fail: this is no attempt
  return {'epoch'}
end
-- A claim may know of more than it shows (a flood): that is the next turn's, and no news.
local lcs, knew = num(h[4]), tonumber(ARGV[6])
if knew >= 0 and lcs > knew then
  release_lease(head, 'engine')
  redis.call('HINCRBY', head, 'a:engine', -1)
  return {'superseded'}
end

local now = clock()
local n_head, n_entries = tonumber(ARGV[12]), tonumber(ARGV[13])
local at = 16
local changed, people = false, false
for _ = 1, n_head do
  redis.call('HSET', head, ARGV[at], ARGV[at + 1])
  if ARGV[at] == 'owner' and ARGV[at + 1] == 'human' then people = true end
  if ARGV[at] == 'owner' or ARGV[at] == 'specialist' or ARGV[at] == 'status' then changed = true end
  at = at + 2
end
local standing_now = standing(head)
local seq, out, seqs = num(h[5]), {'ok'}, {}
if n_entries > 0 then seq = last_number(head, seq, h[9]) end
if people then open_case(head, seq + 1, seq, ARGV[14]) end
for i = 1, n_entries do
  seq = seq + 1
  append(log, journal, cid, seq, ARGV[at], ARGV[at + 1], now, epoch, '')
  out[i + 1], seqs[i] = seq, seq
  at = at + 2
end
-- Nothing of the customer's came after what was seen: our own words need no reading either.
local cursor = lcs <= seen and seq or seen
redis.call('HSET', head, 'seq', seq, 'updated', now, 'c:engine', cursor, 't:engine', token,
  's:engine', table.concat(seqs, ','))
if n_entries > 0 then redis.call('HSET', head, 'lds', seq) end
if ARGV[15] ~= '0' then mind_unseen(head, KEYS[11], cid, seqs[tonumber(ARGV[15])], now) end
if ARGV[10] ~= '0' then redis.call('HINCRBY', head, 'tokens', ARGV[10]) end
if ARGV[11] ~= '0' then redis.call('HINCRBYFLOAT', head, 'cost', ARGV[11]) end
if ARGV[8] ~= '' then redis.call('SET', state, ARGV[8]) end
local first = out[2] or seen
if ARGV[9] ~= '' then redis.call('HSET', turns, first, ARGV[9]) end
redis.call('XADD', journal, '*', 'k', 'turn', 'c', cid, 's', first, 'b', ARGV[9], 't', now,
  'n', seen, 'h', standing_now)

redis.call('DEL', KEYS[9])
redis.call('HDEL', head, 'steps')
release_lease(head, 'engine')
unschedule(head, ready_engine, scheduled, 'engine', cid, wake_id)
if lcs > seen then wake(head, ready_engine, scheduled, 'engine', cid, now) end
if n_entries > 0 and ARGV[7] == '1' and not h[7] then
  wake(head, ready_deliver, scheduled, 'customer', cid, now)
end
if n_entries > 0 then tell_followers(head, KEYS[10], scheduled, cid, now) end
touch(head)
return out
