/*
 * A packet window as flipcall has it, handed to and fro by compare-and-swap alone: what the programs in C have in
 * common.
 */
#ifndef LISAFS_BENCH_WINDOW_H
#define LISAFS_BENCH_WINDOW_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_BYTES = 4096, CLIENT_ACTIVE = 0, SERVER_ACTIVE = 1, CALL_BYTES = 4 };

/* The header of flipcall's packet window. */
struct window {
  _Atomic uint32_t conn_state;
  _Atomic uint32_t data_len;
  uint64_t reserved;
};

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline char *payload(struct window *w) {
  return (char *)w + HEADER_BYTES;
}

static inline void pause_cpu(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Gives the turn away, with so many bytes. */
static inline void hand_over(struct window *w, uint32_t own, uint32_t peer, uint32_t data_len) {
  uint32_t expected = own;
  atomic_store_explicit(&w->data_len, data_len, memory_order_relaxed);
  if (!atomic_compare_exchange_strong(&w->conn_state, &expected, peer)) die("conn_state");
}

/* So many bytes that parent and child share. */
static inline void *map_shared(size_t bytes) {
  int memfd = memfd_create("lisafs-bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memfd < 0 || ftruncate(memfd, (off_t)bytes) != 0) die("memfd");
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (at == MAP_FAILED) die("mmap");
  close(memfd);
  return at;
}

/* Nanoseconds of the clock that all processes have in common. */
static inline uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
