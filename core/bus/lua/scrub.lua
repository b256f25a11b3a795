-- KEYS stream copy   ARGV cid most
-- Makes the stream anew without what it has of a conversation: a record that is only deleted stays in
-- the server's memory and in its dumps. Groups keep their places and what they have not acknowledged.
-- -> how many records went, or -1: the stream is longer than `most`, they are deleted only
local stream, copy, cid = KEYS[1], KEYS[2], ARGV[1]
if redis.call('EXISTS', stream) == 0 then return 0 end
local all = redis.call('XRANGE', stream, '-', '+')
local gone = {}
local function is_of(fields)
  for i = 1, #fields, 2 do if fields[i] == 'c' then return fields[i + 1] == cid end end
  return false
end
for _, record in ipairs(all) do if is_of(record[2]) then gone[#gone + 1] = record[1] end end
if #all > tonumber(ARGV[2]) then
  for _, id in ipairs(gone) do redis.call('XDEL', stream, id) end
  return -1
end
local facts = redis.call('XINFO', 'STREAM', stream)
local last
for i = 1, #facts, 2 do if facts[i] == 'last-generated-id' then last = facts[i + 1] end end
redis.call('DEL', copy)
for _, record in ipairs(all) do
  if not is_of(record[2]) then redis.call('XADD', copy, record[1], unpack(record[2])) end
end
if redis.call('EXISTS', copy) == 0 then
  redis.call('XADD', copy, '0-1', 'c', '')
  redis.call('XDEL', copy, '0-1')
end
redis.call('XSETID', copy, last)
for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local g = {}
  for i = 1, #group, 2 do g[group[i]] = group[i + 1] end
  redis.call('XGROUP', 'CREATE', copy, g.name, g['last-delivered-id'])
  for _, item in ipairs(redis.call('XPENDING', stream, g.name, '-', '+', tonumber(g.pending) + 1)) do
    redis.call('XCLAIM', copy, g.name, item[2], 0, item[1], 'IDLE', item[3], 'RETRYCOUNT', item[4],
      'FORCE', 'JUSTID')
  end
end
redis.call('RENAME', copy, stream)
return #gone
