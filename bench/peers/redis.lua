#!lua name=cinema

-- The seats of a cinema in Redis, as one would do it there: a hash a showtime, a field a seat that is taken, one
-- function a command, so that a command is one round trip and nothing comes between its parts. A function
-- answers with a number that is never 0, or 0 for a refusal; order_create also with the amount.
--
-- A taken seat's field is "OWNER:LOCK:UNTIL", and ends with ":sold" once it is. No field: available, as is a
-- lock whose time is over. Field "n" counts the showtime's locks.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function free(seat, now)
  if not seat then return true end
  local until_ms, sold = string.match(seat, ':(%d+)(:?%a*)$')
  return sold == '' and tonumber(until_ms) <= now
end

-- Is the seat locked by this lock of this owner, and not over?
local function held(seat, owner, lock, now)
  if not seat then return false end
  local by, number, until_ms = string.match(seat, '^(%d+):(%d+):(%d+)$')
  return by == owner and number == lock and tonumber(until_ms) > now
end

-- KEYS: the showtime. ARGV: one seat, the other, owner, how long in ms.
redis.register_function('seats_lock', function(keys, argv)
  local now = now_ms()
  local seats = redis.call('HMGET', keys[1], argv[1], argv[2])
  if not free(seats[1], now) or not free(seats[2], now) then return 0 end
  local lock = redis.call('HINCRBY', keys[1], 'n', 1)
  local value = argv[3] .. ':' .. lock .. ':' .. string.format('%d', now + argv[4])
  redis.call('HSET', keys[1], argv[1], value, argv[2], value)
  return lock
end)

-- ARGV: one seat, the other, owner, lock.
redis.register_function('seats_release', function(keys, argv)
  local now = now_ms()
  local seats = redis.call('HMGET', keys[1], argv[1], argv[2])
  if not held(seats[1], argv[3], argv[4], now) or not held(seats[2], argv[3], argv[4], now) then return 0 end
  redis.call('HDEL', keys[1], argv[1], argv[2])
  return 1
end)

-- KEYS: the showtime, its price, the counter of orders. ARGV: one seat, the other, owner, lock.
redis.register_function('order_create', function(keys, argv)
  local now = now_ms()
  local seats = redis.call('HMGET', keys[1], argv[1], argv[2])
  if not held(seats[1], argv[3], argv[4], now) or not held(seats[2], argv[3], argv[4], now) then return { 0, 0 } end
  local amount = 2 * redis.call('GET', keys[2])
  local order = redis.call('INCR', keys[3])
  redis.call('HSET', 'order:' .. order, 'showtime', keys[1], 'one', argv[1], 'two', argv[2], 'owner', argv[3],
    'lock', argv[4], 'amount', amount, 'state', 'open')
  return { order, amount }
end)

-- KEYS: the counter of tickets. ARGV: the order, what was paid, 32 digits that make two tokens.
-- Paid in time the seats are sold and have their tickets; paid twice is refused; paid too late is noted, to be
-- paid back. Answers with the first ticket's number.
redis.register_function('order_pay', function(keys, argv)
  local name = 'order:' .. argv[1]
  local order = redis.call('HMGET', name, 'showtime', 'one', 'two', 'owner', 'lock', 'amount', 'state')
  if order[7] ~= 'open' or order[6] ~= argv[2] then return 0 end
  local now = now_ms()
  local seats = redis.call('HMGET', order[1], order[2], order[3])
  if not held(seats[1], order[4], order[5], now) or not held(seats[2], order[4], order[5], now) then
    redis.call('HSET', name, 'state', 'late')
    return 0
  end
  redis.call('HSET', name, 'state', 'paid')
  redis.call('HSET', order[1], order[2], seats[1] .. ':sold', order[3], seats[2] .. ':sold')
  local ticket = redis.call('INCRBY', keys[1], 2)
  for i = 0, 1 do
    redis.call('HSET', 'ticket:' .. ticket - i, 'order', argv[1], 'showtime', order[1], 'seat', order[3 - i],
      'owner', order[4], 'token', string.sub(argv[3], 16 * i + 1, 16 * i + 16))
  end
  return ticket - 1
end)

-- ARGV: the ticket, its owner.
redis.register_function('ticket_get', function(keys, argv)
  local ticket = redis.call('HMGET', 'ticket:' .. argv[1], 'owner', 'showtime', 'seat', 'token')
  if ticket[1] ~= argv[2] then return { 0 } end
  return { tonumber(argv[1]), ticket[2], ticket[3], ticket[4] }
end)
