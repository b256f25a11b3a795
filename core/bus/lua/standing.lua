-- KEYS head log state sends steps turns   ARGV after most
-- Everything that is needed to bring a conversation back, as it is at this moment; of its log and receipts, what comes
-- behind sequence `after`.   -> {} | {head, state, sends, steps, entries, {seq, receipt …}}
if redis.call('HEXISTS', KEYS[1], 'seq') == 0 then return {} end
local entries = redis.call('XRANGE', KEYS[2], (tonumber(ARGV[1]) + 1) .. '-0', '+', 'COUNT', ARGV[2])
local receipts = {}
for _, entry in ipairs(entries) do
  local seq = string.match(entry[1], '^%d+')
  local receipt = redis.call('HGET', KEYS[6], seq)
  if receipt then
    receipts[#receipts + 1] = seq
    receipts[#receipts + 1] = receipt
  end
end
return {redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[3]) or '', redis.call('HGETALL', KEYS[4]),
  redis.call('LRANGE', KEYS[5], 0, -1), entries, receipts}
