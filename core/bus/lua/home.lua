-- KEYS head scheduled   ARGV cid
-- What was unseen has been told elsewhere: the customer's own place counts again.   1 ok, 0 it does
local h = redis.call('HMGET', KEYS[1], 'home', 'seq')
if not h[1] then return 0 end
go_home(KEYS[1], h[1], num(h[2]), KEYS[2], ARGV[1])
touch(KEYS[1])
return 1
