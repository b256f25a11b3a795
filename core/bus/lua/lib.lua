-- Shared by all scripts (pasted in front of each). Head fields:
--   seq owner status epoch cid ch pull       lcs last entry the engine must read
--   lds last entry that must be delivered    fence fencing counter
--   c:R cursor  w:R wake-up id  l:R lease token  u:R lease end ms  n:R claim nonce
--   b:R not before ms  f:R first waiting since ms  a:R attempts  t:R last committed token (R reader)
--   fol followers (readers of every entry since people came in: `case,desk`)   case sequence that
--   opened the case   casex sequence that closed it   alarm due ms   rung 1 (an alarm is due)   desk anchor
--   shown last entry the customer has had before their eyes (shownat ms)   said last word to the customer
--   home where they look, while what they have not seen goes elsewhere   climbed last entry that did
--   at:CHANNEL where they have written from
--   rev changes so far   floor numbers up to here were given before a loss of the store   gap numbers never given
local GROUP = 'readers'

local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function num(x)
  return tonumber(x or '0') or 0
end

-- Another after each start of the server; of a cluster, of the node that answers.
local function run_of_server()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
end

-- What is worth keeping has changed: the archive looks at everything that is touched.
local function touch(head)
  local base, cid = string.match(head, '^(.-):c:(.+)$')
  redis.call('ZADD', base .. ':touched', redis.call('HINCRBY', head, 'rev', 1), cid)
end

-- The last number that was given. None is given twice, also when the store was lost in between.
local function last_number(head, seq, floor)
  if num(floor) <= seq then return seq end
  redis.call('HINCRBY', head, 'gap', num(floor) - seq)
  redis.call('HDEL', head, 'floor')
  return num(floor)
end

-- Put a wake-up on the reader's stream and remember it.
local function wake(head, ready, scheduled, reader, cid, now)
  local id = redis.call('XADD', ready, '*', 'c', cid)
  redis.call('HSET', head, 'w:' .. reader, id)
  redis.call('ZADD', scheduled, now, reader .. '|' .. cid)
  return id
end

-- Take a wake-up off the reader's stream for good.
local function settle(ready, id)
  pcall(redis.call, 'XACK', ready, GROUP, id)
  redis.call('XDEL', ready, id)
end

local function unschedule(head, ready, scheduled, reader, cid, id)
  settle(ready, id)
  redis.call('HDEL', head, 'w:' .. reader, 'b:' .. reader, 'f:' .. reader, 'a:' .. reader)
  redis.call('ZREM', scheduled, reader .. '|' .. cid)
end

-- People came in: a case begins here, unless one runs. From here on followers read every entry.
local function open_case(head, seq, before, followers)
  local h = redis.call('HMGET', head, 'case', 'casex', 'fol')
  if not h[1] or h[2] then
    redis.call('HSET', head, 'case', seq)
    redis.call('HDEL', head, 'casex')
  end
  -- A reader that came with the settings since then begins with the next case.
  if followers ~= '' and (not h[3] or ((not h[1] or h[2]) and h[3] ~= followers)) then
    redis.call('HSET', head, 'fol', followers)
    for reader in string.gmatch(followers, '[^,]+') do
      if not string.find(',' .. (h[3] or '') .. ',', ',' .. reader .. ',', 1, true) then
        redis.call('HSET', head, 'c:' .. reader, before)
      end
    end
  end
end

-- Every entry is theirs to read. `ready` is the name of ready streams without the reader's.
local function tell_followers(head, ready, scheduled, cid, now)
  local names = redis.call('HGET', head, 'fol')
  for reader in string.gmatch(names or '', '[^,]+') do
    if redis.call('HEXISTS', head, 'w:' .. reader) == 0 then
      wake(head, ready .. reader, scheduled, reader, cid, now)
    end
  end
end

-- The last entry that a reader has to read.
local LAST = { engine = 'lcs', customer = 'lds' }

local function release_lease(head, reader)
  redis.call('HDEL', head, 'l:' .. reader, 'u:' .. reader, 'n:' .. reader)
end

-- Where the customer looks is where answers go again; what they see there is sent nowhere else.
local function go_home(head, home, seq, scheduled, cid)
  redis.call('HSET', head, 'addr', home, 'ch', cjson.decode(home).channel, 'c:customer', seq, 'lds', seq)
  redis.call('HDEL', head, 'home', 'w:customer')
  redis.call('ZREM', scheduled, 'customer|' .. cid)
  release_lease(head, 'customer')
end

-- A word to the customer of a page: unless it is seen, somebody will look after it.
local function mind_unseen(head, unseen, cid, seq, now)
  redis.call('HSET', head, 'said', seq)
  redis.call('ZADD', unseen, 'NX', now, cid)
end

-- One entry into the log and the journal. `change` ("owner|specialist|status") or ''.
local function append(log, journal, cid, seq, role, body, now, epoch, change)
  redis.call('XADD', log, seq .. '-0', 'b', body, 't', now, 'e', epoch, 'r', role)
  if change == '' then
    redis.call('XADD', journal, '*', 'k', 'entry', 'c', cid, 's', seq, 'b', body, 't', now, 'e', epoch)
  else
    redis.call('XADD', journal, '*', 'k', 'entry', 'c', cid, 's', seq, 'b', body, 't', now, 'e', epoch, 'h', change)
  end
end

-- What a receipt is told to the archive as: `note_case` keeps those of cases that no turn opened.
local function kind_of(receipt)
  return string.sub(receipt, 1, 17) == '{"outcome":"case"' and 'case' or 'turn'
end

local function standing(head)
  local v = redis.call('HMGET', head, 'owner', 'specialist', 'status')
  return (v[1] or 'ai') .. '|' .. (v[2] or '') .. '|' .. (v[3] or 'open')
end
