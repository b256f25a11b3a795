-- KEYS head unseen scheduled   ARGV cid seq
-- The customer has before their eyes what was said up to this entry: nothing climbs any more, and
-- what comes next is for the place they look at.   1 it was news, 0 known already
local head, cid = KEYS[1], ARGV[1]
local h = redis.call('HMGET', head, 'seq', 'shown', 'home', 'said')
if not h[1] then return 0 end
local seq = math.min(tonumber(ARGV[2]), num(h[1]))
if seq >= num(h[4]) then redis.call('ZREM', KEYS[2], cid) end
if seq <= num(h[2]) then return 0 end
redis.call('HSET', head, 'shown', seq, 'shownat', clock())
if h[3] then go_home(head, h[3], num(h[1]), KEYS[3], cid) end
touch(head)
return 1
