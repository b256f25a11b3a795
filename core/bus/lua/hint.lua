-- KEYS head live   ARGV kind cid body most.   A hint about a conversation that there is.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'k', ARGV[1], 'c', ARGV[2], 'b', ARGV[3])
return 1
