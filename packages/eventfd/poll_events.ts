/**
 * Poll and epoll event bits of Linux on x86, with those that `@ioeventfd/uapi` names.
 *
 * @module
 */
export { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT } from "@ioeventfd/uapi";

// KERNEL 6.19 include/uapi/asm-generic/poll.h, include/uapi/linux/eventpoll.h

/** Priority data: an eventfd never has it. */
export const POLLPRI = 0x2;
/** Normal data to read: an eventfd never reports it. */
export const POLLRDNORM = 0x40;
/** Band data to read: an eventfd never reports it. */
export const POLLRDBAND = 0x80;
/** Normal data may be written: an eventfd never reports it. */
export const POLLWRNORM = 0x100;
/** Band data may be written: an eventfd never reports it. */
export const POLLWRBAND = 0x200;

/** One waiting epoll set of several is woken. */
export const EPOLLEXCLUSIVE = 0x1000_0000;
/** Keeps the machine awake; accepted and without effect here. */
export const EPOLLWAKEUP = 0x2000_0000;
/** One event, then silence until the entry is modified. */
export const EPOLLONESHOT = 0x4000_0000;
/** Edge-triggered: an event for each wake, not for each state. */
export const EPOLLET = 0x8000_0000;
