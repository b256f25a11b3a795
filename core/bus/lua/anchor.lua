-- KEYS head   ARGV token anchor(JSON).   Where the reader `desk` shows the case.   1 ok, 0 stale
if redis.call('HGET', KEYS[1], 'l:desk') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'desk', ARGV[2])
touch(KEYS[1])
return 1
