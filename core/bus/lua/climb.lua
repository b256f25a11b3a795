-- KEYS head unseen ready_deliver(of the new channel) scheduled
-- ARGV cid address(JSON; '': nowhere) channel after(last entry that needs no telling) seq(newest word that goes)
--      said(newest word that was said when this was decided; what people overtook counts, but goes nowhere)
-- What the customer has not seen goes to this address from now on, until they are seen again. With
-- no address: nobody looks after it any more.
-- -> 1 done, 0 it was seen, more was said since, or it went elsewhere already
local head, cid, seq = KEYS[1], ARGV[1], tonumber(ARGV[5])
local h = redis.call('HMGET', head, 'ch', 'shown', 'said', 'addr', 'home', 'climbed')
if num(h[3]) ~= tonumber(ARGV[6]) then return 0 end
redis.call('ZREM', KEYS[2], cid)
if ARGV[2] == '' then return 1 end
if h[1] ~= 'web' or h[5] or num(h[2]) >= seq or num(h[6]) >= seq then return 0 end
redis.call('HSET', head, 'home', h[4], 'addr', ARGV[2], 'ch', ARGV[3], 'climbed', seq, 'climbedafter', ARGV[4],
  'c:customer', ARGV[4], 'lds', seq)
redis.call('HDEL', head, 'w:customer')
wake(head, KEYS[3], KEYS[4], 'customer', cid, clock())
touch(head)
return 1
