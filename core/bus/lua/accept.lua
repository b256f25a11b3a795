-- KEYS head log seen journal ready_engine ready_deliver scheduled
-- ARGV cid event_id digest body role kind action wakes_engine(0/1) delivers(0/1) window_ms cap_ms each(0/1)
-- -> {'ok', seq} | {'dup', seq, conflict(0/1)} | {'missing'}
local head, log, seen, journal, ready_engine, ready_deliver, scheduled =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local cid, event, digest, body, role, kind, action = unpack(ARGV, 1, 7)
local window, cap = tonumber(ARGV[10]), tonumber(ARGV[11])

local before = redis.call('HGET', seen, event)
if before then
  local at = string.find(before, ':', 1, true)
  local same = string.sub(before, at + 1) == digest
  return {'dup', tonumber(string.sub(before, 1, at - 1)), same and 0 or 1}
end
local h = redis.call('HMGET', head, 'seq', 'owner', 'status', 'epoch', 'w:engine', 'b:engine', 'f:engine', 'w:customer', 'u:engine')
if not h[1] then return {'missing'} end
local now = clock()
local seq, owner, status, epoch = num(h[1]) + 1, h[2], h[3], num(h[4])

-- Who owns the conversation changes in this same step, and nowhere else can it be missed.
local changed = false
if (role == 'human_agent' and kind == 'message') or action == 'take' then
  changed = owner ~= 'human' or status ~= 'open'
  owner, status, epoch = 'human', 'open', epoch + 1
elseif action == 'release' then
  owner, epoch, changed = 'ai', epoch + 1, true
elseif action == 'close' then
  owner, status, epoch, changed = 'nobody', 'closed', epoch + 1, true
elseif status == 'closed' and ((role == 'customer' and ARGV[8] == '1') or action == 'reopen') then
  owner, status, epoch, changed = 'ai', 'open', epoch + 1, true
end
redis.call('HSET', head, 'seq', seq, 'updated', now, 'owner', owner, 'status', status, 'epoch', epoch)
redis.call('HSET', seen, event, seq .. ':' .. digest)
append(log, journal, cid, seq, role, body, now, epoch, changed and standing(head) or '')

if ARGV[8] == '1' then
  local first = num(h[7])
  if first == 0 then first = now end
  local due = 0
  if window > 0 then due = math.min(now + window, first + cap) end
  redis.call('HSET', head, 'lcs', seq, 'b:engine', due, 'f:engine', first, 'each', ARGV[12])
  -- A reader may already be waiting for a later hour: a second wake-up replaces the first. But not
  -- under a running lease: its holder goes on with the wake-up it has, and nobody else may.
  if not h[5] or (due <= now and num(h[6]) > now and num(h[9]) <= now) then
    wake(head, ready_engine, scheduled, 'engine', cid, now)
  end
end
if ARGV[9] == '1' then
  redis.call('HSET', head, 'lds', seq)
  if not h[8] then wake(head, ready_deliver, scheduled, 'customer', cid, now) end
end
return {'ok', seq}
