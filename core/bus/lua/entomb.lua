-- KEYS head log seen state turns sends steps gone dying   ARGV before(ms; '': whatever was said since)
-- A conversation is forgotten from here on: nothing finds it, and nothing can bring it back. What is
-- needed to forget the rest of it stays under `dying`, `log`, `seen` and `sends` until that is done.
-- -> {head (of before, also when it is asked again), names seen, sends}, or false: it goes on, and stays
if ARGV[1] ~= '' and num(redis.call('HGET', KEYS[1], 'updated')) >= tonumber(ARGV[1]) then return false end
redis.call('SET', KEYS[8], 'erased')
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[9]) end
redis.call('DEL', KEYS[4], KEYS[5], KEYS[7])
return {redis.call('HGETALL', KEYS[9]), redis.call('HKEYS', KEYS[3]), redis.call('HGETALL', KEYS[6])}
