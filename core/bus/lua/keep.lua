-- KEYS key   ARGV value seconds(0: for ever).   Keeps the value, unless one is there.
-- -> false, or the value that was there before
local before = redis.call('GET', KEYS[1])
if before then return before end
if ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
return false
