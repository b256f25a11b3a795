-- KEYS counts   ARGV mark (seconds most)*
-- Counts the mark once, if every window has room; the count ends by itself.
-- -> 0: counted, now or before; else the number of the window that is full
local key, mark, now = KEYS[1], ARGV[1], clock()
if redis.call('ZSCORE', key, mark) then return 0 end
local longest = 0
for i = 2, #ARGV, 2 do longest = math.max(longest, tonumber(ARGV[i])) end
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - longest * 1000)
for i = 2, #ARGV, 2 do
  local since = now - tonumber(ARGV[i]) * 1000
  if redis.call('ZCOUNT', key, '(' .. since, '+inf') >= tonumber(ARGV[i + 1]) then return i / 2 end
end
redis.call('ZADD', key, now, mark)
redis.call('EXPIRE', key, longest)
return 0
