-- KEYS touched   ARGV (member score)*   These are kept as they were at that score; what changed since stays.   -> how many
local gone = 0
for at = 1, #ARGV, 2 do
  if num(redis.call('ZSCORE', KEYS[1], ARGV[at])) <= tonumber(ARGV[at + 1]) then
    gone = gone + redis.call('ZREM', KEYS[1], ARGV[at])
  end
end
return gone
