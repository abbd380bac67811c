-- Puts blocks of one partition into a target's hashes, each only where it is newer.
-- KEYS  1 COSMOS's hash, 2 groundlog's
-- ARGV  1 the partition's field, 2 its epoch, then per packet: name, block, JSON
-- Returns how many were newer; -1 where the epoch is another, and nothing is written.
local HEAD = '>BI4I8i8I4I4'
local LIVE = 76
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then
  return -1
end
local moved = 0
for i = 3, #ARGV, 3 do
  local name, block = ARGV[i], ARGV[i + 1]
  local kind, partition, rank, seconds, nanos = struct.unpack(HEAD, block)
  local old = redis.call('HGET', KEYS[2], name)
  local kept, newer, shown = '', true, kind == LIVE
  local at = 1
  while old and at <= #old do
    local k, p, r, s, n, length, content = struct.unpack(HEAD, old, at)
    local next = content + length
    if k == kind and p == partition then
      if r >= rank then
        newer = false
        break
      end
    else
      kept = kept .. string.sub(old, at, next - 1)
      -- Of several partitions the latest received is shown.
      if k == LIVE and (s > seconds or (s == seconds and (n > nanos or (n == nanos and p > partition)))) then
        shown = false
      end
    end
    at = next
  end
  if newer then
    redis.call('HSET', KEYS[2], name, kept .. block)
    if shown then
      redis.call('HSET', KEYS[1], name, ARGV[i + 2])
    end
    moved = moved + 1
  end
end
return moved
