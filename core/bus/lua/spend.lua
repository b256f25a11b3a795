-- KEYS counter mark   ARGV tokens money(millionths) most_tokens most_money(0: no limit) seconds
-- Counts once for each mark, if both sums stay within their limits; the counter ends by itself.
-- -> 1: counted, now or before; 0: it would be too much
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens') or '0') + tonumber(ARGV[1])
local money = tonumber(redis.call('HGET', KEYS[1], 'money') or '0') + tonumber(ARGV[2])
local most_tokens, most_money = tonumber(ARGV[3]), tonumber(ARGV[4])
if most_tokens > 0 and tokens > most_tokens then return 0 end
if most_money > 0 and money > most_money then return 0 end
redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'money', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[2], '1', 'EX', 120)
return 1
