-- KEYS head log seen journal ready_engine ready_deliver(without the channel) scheduled ready(without the reader)
--      unseen bygone
-- ARGV cid event_id digest body role kind action wakes_engine(0/1) delivers(0/1) window_ms cap_ms each(0/1)
--      address(JSON, of the customer, or '') channel(of that address) pull(,channel,channel,) followers(case,desk)
--      value minds(0/1: what the customer of a page does not see is looked after)
--      only_at(the last sequence the author knew; '': whatever came since)
--      trace(what an event of an erased conversation is known by) name(of the customer's place, or '')
-- -> {'ok', seq} | {'dup', seq, conflict(0/1)} | {'missing'} | {'moved', seq} | {'bygone', is_new(0/1)}
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
local h = redis.call('HMGET', head, 'seq', 'owner', 'status', 'epoch', 'w:engine', 'b:engine', 'f:engine', 'w:customer', 'u:engine', 'floor', 'sealed')
if not h[1] then return {'missing'} end
if redis.call('ZSCORE', KEYS[10], ARGV[20]) then return {'bygone', h[1] == '0' and 1 or 0} end
-- Somebody proved that it is theirs: who writes from a place that did not prove it, is not in it.
if role == 'customer' and h[11] and ARGV[21] ~= '' and redis.call('HEXISTS', head, 'pv:' .. ARGV[21]) == 0 then
  return {'missing'}
end
if ARGV[19] ~= '' and h[1] ~= ARGV[19] then return {'moved', num(h[1])} end
local now = clock()
local seq, owner, status, epoch = last_number(head, num(h[1]), h[10]) + 1, h[2], h[3], num(h[4])

-- Who owns the conversation changes in this same step, and nowhere else can it be missed.
local changed = false
local people = role ~= 'customer' and ((role == 'human_agent' and kind == 'message') or action == 'take'
  or action == 'assign' or action == 'escalate')
if people then
  changed = owner ~= 'human' or status ~= 'open'
  owner, status, epoch = 'human', 'open', epoch + 1
elseif action == 'release' then
  owner, epoch, changed = 'ai', epoch + 1, true
elseif action == 'close' then
  owner, status, epoch, changed = 'nobody', 'closed', epoch + 1, true
elseif status == 'closed' and ((role == 'customer' and ARGV[8] == '1' and action ~= 'edit' and action ~= 'delete')
  or action == 'reopen') then
  owner, status, epoch, changed = 'ai', 'open', epoch + 1, true
end
redis.call('HSET', head, 'seq', seq, 'updated', now, 'owner', owner, 'status', status, 'epoch', epoch)
if people then open_case(head, seq, seq - 1, ARGV[16]) end
if action == 'close' then redis.call('HSET', head, 'casex', seq) end
if action == 'prioritise' then redis.call('HSET', head, 'priority', ARGV[17]) end

-- Answers go where the customer last wrote. What a pull channel's customer has read is not sent
-- after them; what was on its way to the old place goes to the new one.
local channel = redis.call('HGET', head, 'ch')
local function is_pull(name) return string.find(ARGV[15], ',' .. name .. ',', 1, true) ~= nil end
if ARGV[13] ~= '' then
  redis.call('HSET', head, 'addr', ARGV[13], 'at:' .. ARGV[14], ARGV[13], 'shown', seq)
  redis.call('HDEL', head, 'home')
  redis.call('ZREM', KEYS[9], cid)
  if ARGV[14] ~= channel then
    redis.call('HSET', head, 'ch', ARGV[14])
    redis.call('HDEL', head, 'w:customer')
    if is_pull(channel) then redis.call('HSET', head, 'c:customer', seq, 'lds', seq) end
    channel, h[8] = ARGV[14], false
    if not is_pull(channel) and num(redis.call('HGET', head, 'lds')) > num(redis.call('HGET', head, 'c:customer')) then
      wake(head, ready_deliver .. channel, scheduled, 'customer', cid, now)
      h[8] = true
    end
  end
end
redis.call('HSET', seen, event, seq .. ':' .. digest)
append(log, journal, cid, seq, role, body, now, epoch, changed and standing(head) or '')

if ARGV[8] == '1' then
  local first = num(h[7])
  if first == 0 then first = now end
  local due = 0
  if window > 0 then due = math.min(now + window, first + cap) end
  redis.call('HSET', head, 'lcs', seq, 'b:engine', due, 'f:engine', first)
  if role == 'customer' then redis.call('HSET', head, 'each', ARGV[12]) end
  -- A reader may already be waiting for a later hour: a second wake-up replaces the first. But not
  -- under a running lease: its holder goes on with the wake-up it has, and nobody else may.
  if not h[5] or (due <= now and num(h[6]) > now and num(h[9]) <= now) then
    wake(head, ready_engine, scheduled, 'engine', cid, now)
  end
end
if ARGV[9] == '1' and not is_pull(channel) then
  redis.call('HSET', head, 'lds', seq)
  if not h[8] then wake(head, ready_deliver .. channel, scheduled, 'customer', cid, now) end
end
if ARGV[9] == '1' and ARGV[18] == '1' and channel == 'web' and role == 'human_agent' and kind == 'message' then
  mind_unseen(head, KEYS[9], cid, seq, now)
end
tell_followers(head, KEYS[8], scheduled, cid, now)
touch(head)
return {'ok', seq}
