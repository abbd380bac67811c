-- Removes what one partition has put into a target's hashes.
-- KEYS  1 COSMOS's hash, 2 groundlog's
-- ARGV  1 layout, 2 the partition's field, 3 kind of its blocks, 4 its number
-- Returns 0 when done, else 1 or 2 for the key that is not this table's, and what it is.
local HEAD = '>BI4I8i8I4I4'
for i = 1, 2 do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'none' and kind ~= 'hash' then
    return {i, 'is no hash but a ' .. kind}
  end
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  return {0, ''}
end
local layout = redis.call('HGET', KEYS[2], '#layout')
if not layout then
  return {2, 'holds fields that groundlog did not write'}
end
if layout ~= ARGV[1] then
  return {2, 'has layout ' .. layout .. ', this groundlog writes layout ' .. ARGV[1]}
end
redis.call('HDEL', KEYS[2], ARGV[2])
for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(name, 1, 1) ~= '#' then
    local old = redis.call('HGET', KEYS[2], name)
    local kept, at = '', 1
    while at <= #old do
      local k, p, _, _, _, length, content = struct.unpack(HEAD, old, at)
      local next = content + length
      if k ~= tonumber(ARGV[3]) or p ~= tonumber(ARGV[4]) then
        kept = kept .. string.sub(old, at, next - 1)
      end
      at = next
    end
    if kept == '' then
      redis.call('HDEL', KEYS[2], name)
      redis.call('HDEL', KEYS[1], name)
    elseif #kept < #old then
      redis.call('HSET', KEYS[2], name, kept)
      if tonumber(ARGV[3]) == 76 then
        -- What another partition has comes back with its next packet.
        redis.call('HDEL', KEYS[1], name)
      end
    end
  end
end
if redis.call('HLEN', KEYS[2]) == 1 then
  redis.call('DEL', KEYS[2])
end
return {0, ''}
