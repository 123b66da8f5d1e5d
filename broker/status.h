/* status - every answer code of Marquee, once.
 *
 * X(code, name, text): the code travels in a reply's header, the name is the stable word that
 * programs compare, the text is for people. Codes below 100 are the wire's and the machine's, the
 * rest the trade's. Old codes are not reused. */
#ifndef STATUS_H
#define STATUS_H
#include <stdint.h>

#define STATUS_TABLE(X)                                                                            \
    X(0, OK, "done")                                                                               \
    X(1, BAD_FRAME, "the message is not a sequence of records")                                    \
    X(2, BAD_VERSION, "this protocol version is not spoken here")                                  \
    X(3, BAD_KIND, "a record of this kind is not accepted here")                                   \
    X(4, UNKNOWN_OPERATION, "there is no such operation")                                          \
    X(5, BAD_BODY, "the body is not one well-formed msgpack map within the limits")                \
    X(6, MISSING_FIELD, "a required field is missing")                                             \
    X(7, UNKNOWN_FIELD, "the operation has no such field, or it came twice")                       \
    X(8, BAD_FIELD, "a field has the wrong type, size or value")                                   \
    X(9, TOO_LARGE, "a record or message is over the size limit")                                  \
    X(10, HELLO_FIRST, "say hello before anything else")                                           \
    X(11, FORBIDDEN, "the sender's role may not call this operation")                              \
    X(12, WRONG_PARTITION, "the shard key belongs to another partition")                           \
    X(13, MIXED_PARTITIONS, "the records of one message must be for one partition")                \
    X(14, EXPIRED, "the deadline had passed; this copy was not carried out")                       \
    X(15, BAD_DEADLINE, "a write needs a deadline within the allowed horizon")                     \
    X(16, BUSY, "too much is in flight; try again a little later")                                 \
    X(17, UNAVAILABLE, "the partition has no actor at the moment; try again")                      \
    X(18, REQUEST_REUSED, "this request id was used before for a different command")               \
    X(19, NO_SPACE, "the disk is full; nothing was done")                                          \
    X(20, UNKNOWN_OUTCOME, "the outcome is not known; repeat with the same request id")            \
    X(21, PENDING, "accepted; the answer comes later, repeat with the same request id")            \
    X(100, UNKNOWN_SHOWTIME, "there is no such showtime")                                          \
    X(101, SHOWTIME_EXISTS, "a showtime with this id is open already")                             \
    X(102, BAD_LAYOUT, "the rows and zones do not describe a hall")                                \
    X(103, BAD_TIMES, "the times contradict one another")                                          \
    X(104, SALE_NOT_OPEN, "the sale has not opened yet")                                           \
    X(105, SALE_CLOSED, "the sale is over")                                                        \
    X(106, SHOWTIME_CANCELLED, "the showtime is cancelled")                                        \
    X(110, UNKNOWN_SEAT, "there is no such seat")                                                  \
    X(111, SEAT_LOCKED, "a seat is locked by somebody")                                            \
    X(112, SEAT_SOLD, "a seat is sold")                                                            \
    X(113, SEAT_BLOCKED, "a seat is blocked")                                                      \
    X(114, SEAT_NOT_BLOCKED, "a seat is not blocked")                                              \
    X(115, TOO_MANY_SEATS, "more seats than one lock may hold")                                    \
    X(116, LOCK_LIMIT, "the member's locks on this showtime would hold too many seats")            \
    X(117, LONE_SEAT, "the choice would leave a single seat alone")                                \
    X(118, COUPLE_SPLIT, "a couple seat is sold as a pair")                                        \
    X(119, WHEELCHAIR_ONLY, "wheelchair places must be asked for")                                 \
    X(120, NO_BLOCK, "no fitting block of seats is left")                                          \
    X(130, UNKNOWN_LOCK, "there is no such lock")                                                  \
    X(131, LOCK_ENDED, "the lock has ended")                                                       \
    X(132, NOT_YOURS, "this belongs to somebody else")                                             \
    X(133, LOCK_ORDERED, "the lock carries an order; cancel the order instead")                    \
    X(134, LOCK_CEILING, "the lock cannot be extended any further")                                \
    X(140, UNKNOWN_ORDER, "there is no such order")                                                \
    X(141, BAD_ORDER_ID, "this is not an order id, or it is mistyped")                             \
    X(142, ORDER_STATE, "the order's state does not allow this")                                   \
    X(150, UNKNOWN_PROVIDER, "there is no such payment provider")                                  \
    X(151, PAYMENT_STATE, "the payment's state does not allow this")                               \
    X(152, BAD_CODE, "the payment code is wrong")                                                  \
    X(153, AMOUNT_MISMATCH, "the amount paid is not the order's; it will be refunded")             \
    X(154, LATE_REFUNDED, "paid too late and the seats are gone; it will be refunded")             \
    X(155, LATE_OFFER, "paid too late; other seats are held until the buyer says yes")             \
    X(156, PAID_TWICE, "the order is paid already; this payment will be refunded")                 \
    X(157, PROVIDER_REFUSED, "the payment provider does not take this payment")                    \
    X(158, CONTRADICTORY, "this contradicts what was told before; nothing was changed")            \
    X(160, UNKNOWN_TICKET, "there is no such ticket")                                              \
    X(161, BAD_TOKEN, "this is not a ticket of ours")                                              \
    X(162, ALREADY_REDEEMED, "the ticket was redeemed before")                                     \
    X(163, TICKET_VOID, "the ticket is void")                                                      \
    X(164, TICKET_EXPIRED, "the ticket's showtime is over")                                        \
    X(165, STALE_REQUEST, "the request was made too long ago, or by a clock that is wrong")        \
    X(166, REPLAYED, "a request with this nonce was seen before")                                  \
    X(167, TOO_MANY_REQUESTS, "too many nonces are remembered; try again some minutes later")      \
    X(168, PRINT_STATE, "the ticket's print state does not allow this")                            \
    X(170, UNKNOWN_REFUND, "there is no such refund")                                              \
    X(171, REFUND_STATE, "the refund's state does not allow this")                                 \
    X(180, QUEUE_FIRST, "there is a waiting room: join it first")                                  \
    X(181, NO_QUEUE, "the showtime has no waiting room")                                           \
    X(182, QUEUE_CLOSED, "the waiting room is closed")                                             \
    X(183, NOT_QUEUED, "the user has no place in the waiting room")                                \
    X(184, QUEUE_FULL, "the waiting room takes no more people")                                    \
    X(185, QUEUE_LIMIT, "the user gave up a place in this waiting room too often")                 \
    X(200, UNKNOWN_CINEMA, "there is no such cinema")                                              \
    X(201, UNKNOWN_MOVIE, "the cinema has no such film")                                           \
    X(202, UNKNOWN_HALL, "the cinema has no such hall")                                            \
    X(203, UNKNOWN_VERSION, "the hall never had this version")                                     \
    X(204, CATALOGUE_FULL, "no more of these are kept here")                                       \
    X(205, SHOW_STATE, "the showtime's state does not allow this")                                 \
    X(206, CONFLICT, "the programme does not allow this")                                          \
    X(207, NO_OFFSETS, "the cinema was set without the offsets of its time zone")                  \
    X(208, HAS_TICKETS, "the showtime has tickets, or seats that somebody holds")                  \
    X(230, UNKNOWN_MEMBER, "there is no such member")                                              \
    X(231, MEMBER_EXISTS, "there is a member of this id")                                          \
    X(232, CHECKED_IN, "the member has checked in today")                                          \
    X(233, ALREADY_GIVEN, "points were given for this reference before")                           \
    X(240, COUPON_INVALID, "this is not a coupon that the member has")                             \
    X(241, COUPON_EXPIRED, "the coupon is no longer valid")                                        \
    X(242, COUPON_USED, "the coupon was used, or is reserved by another order")                    \
    X(243, COUPON_MIN_AMOUNT, "the order comes to less than the coupon asks for")                  \
    X(244, COUPON_NOT_YET, "the coupon is not valid yet")                                          \
    X(245, COUPON_FORMAT, "the coupon does not hold for this format")                              \
    X(246, COUPON_PENDING, "a coupon is being reserved for this lock")                             \
    X(247, COUPON_LIMIT, "the member has had as many of this batch as one may")                    \
    X(248, MEMBERS_ONLY, "this is for members")                                                    \
    X(250, UNKNOWN_BATCH, "there is no such batch of coupons")                                     \
    X(251, BATCH_EXISTS, "there is a batch of this number")                                        \
    X(252, BATCH_EMPTY, "all coupons of the batch are given")                                      \
    X(260, UNKNOWN_LOGIN, "this is not a key of login.key")                                        \
    X(261, BAD_REFRESH, "this is not a refresh token of ours")                                     \
    X(262, SESSION_ENDED, "the log-in has ended: log in again")                                    \
    X(263, SESSION_REUSED, "the refresh token was used before, so its log-in was ended")           \
    X(264, MEMBER_BANNED, "the member was turned out")

enum {
#define X(code, name, text) STATUS_##name = (code),
    STATUS_TABLE(X)
#undef X
};
typedef uint16_t status_t;

/* The stable word and the text of a code; "UNKNOWN_STATUS" and "" for a code that is not ours. */
const char *status_name(status_t status);
const char *status_text(status_t status);
#endif
