-- KEYS head journal log turns   ARGV cid after most
-- What the archive does not have and the journal has lost is told once more.   -> last sequence told
local told = tonumber(ARGV[2])
for _, entry in ipairs(redis.call('XRANGE', KEYS[3], (told + 1) .. '-0', '+', 'COUNT', ARGV[3])) do
  told = tonumber(string.match(entry[1], '^%d+'))
  local f = {}
  for i = 1, #entry[2], 2 do f[entry[2][i]] = entry[2][i + 1] end
  redis.call('XADD', KEYS[2], '*', 'k', 'entry', 'c', ARGV[1], 's', told, 'b', f['b'], 't', f['t'], 'e', f['e'])
  local receipt = redis.call('HGET', KEYS[4], told)
  if receipt then
    redis.call('XADD', KEYS[2], '*', 'k', kind_of(receipt), 'c', ARGV[1], 's', told, 'b', receipt, 't', f['t'], 'n', told,
      'h', standing(KEYS[1]))
  end
end
return told
