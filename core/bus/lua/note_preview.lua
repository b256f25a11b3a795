-- KEYS head sends   ARGV entry epoch preview(JSON, or '' to ask only)
-- An answer in the making may be shown while its epoch stands and nobody began to deliver it.
-- -> 1 it may be shown (and what shows it is noted), 0 not, or not any more
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local h = redis.call('HMGET', KEYS[1], 'epoch', 'owner')
if num(h[1]) ~= tonumber(ARGV[2]) or (h[2] and h[2] ~= 'ai') then return 0 end
if redis.call('HGET', KEYS[2], 'begun') == ARGV[1] then return 0 end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[2], 'preview', ARGV[3]) end
return 1
