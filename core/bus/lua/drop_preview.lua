-- KEYS sends   ARGV id.   Forgets the preview with this id.   1 it was there, 0 not
local value = redis.call('HGET', KEYS[1], 'preview')
if not value or cjson.decode(value).id ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'preview')
