-- Shared by all scripts (pasted in front of each). Head fields:
--   seq owner status epoch cid ch pull       lcs last entry the engine must read
--   lds last entry that must be delivered    fence fencing counter
--   c:R cursor  w:R wake-up id  l:R lease token  u:R lease end ms  n:R claim nonce
--   b:R not before ms  f:R first waiting since ms  a:R attempts  t:R last committed token (R reader)
local GROUP = 'readers'

local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function num(x)
  return tonumber(x or '0') or 0
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

local function release_lease(head, reader)
  redis.call('HDEL', head, 'l:' .. reader, 'u:' .. reader, 'n:' .. reader)
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

local function standing(head)
  local v = redis.call('HMGET', head, 'owner', 'specialist', 'status')
  return (v[1] or 'ai') .. '|' .. (v[2] or '') .. '|' .. (v[3] or 'open')
end
