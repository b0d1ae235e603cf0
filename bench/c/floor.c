/*
 * What shared memory costs at the least: two processes hand one word of a memfd to and fro by compare-and-swap, as
 * flipcall does, and never enter the kernel on the way.
 *
 * Reads commands from standard input, one a line, and answers each with a line of JSON (bench/driver.ts):
 *   batch N      N round trips: {"ns": TOTAL}
 *   latencies N  each timed by itself: {"ns": [...]}
 * `floor 40` does 40 ns of work at each end between taking the turn and giving it away, as every call has to, and
 * `floor 40 no-pause` looks without the pause instruction, which JavaScript has no way to give.
 *
 * Between commands the other process sleeps in read(2): a floor that spins on while others are measured would slow
 * them down.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW_BYTES = 4096, CLIENT_ACTIVE = 0, SERVER_ACTIVE = 1 };

/* The header of flipcall's packet window. */
struct window {
  _Atomic uint32_t conn_state;
  _Atomic uint32_t data_len;
  uint64_t reserved;
};

static int has_pause = 1;

static inline void relax(void) {
  if (!has_pause) return;
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Hands the window over and waits until it is back. */
static inline void hand_over(struct window *w, uint32_t own, uint32_t peer) {
  uint32_t expected = own;
  atomic_store_explicit(&w->data_len, 4, memory_order_relaxed);
  if (!atomic_compare_exchange_strong(&w->conn_state, &expected, peer)) die("conn_state");
}

static inline void wait_for(struct window *w, uint32_t own) {
  while (atomic_load_explicit(&w->conn_state, memory_order_acquire) != own) relax();
}

static unsigned work_steps;

/* Steps that wait for each other, and for nothing else. */
static inline void work(unsigned steps) {
  uint64_t x = 1;
  for (unsigned i = 0; i < steps; i++) {
    x = x * 31 + i;
    __asm__ volatile("" : "+r"(x));
  }
}

/* Answers as many calls as the pipe says, again and again, until the pipe is closed. */
static void serve(struct window *w, int commands) {
  uint64_t calls;
  while (read(commands, &calls, sizeof calls) == sizeof calls) {
    for (uint64_t i = 0; i < calls; i++) {
      wait_for(w, SERVER_ACTIVE);
      work(work_steps);
      hand_over(w, SERVER_ACTIVE, CLIENT_ACTIVE);
    }
  }
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void call(struct window *w) {
  work(work_steps);
  hand_over(w, CLIENT_ACTIVE, SERVER_ACTIVE);
  wait_for(w, CLIENT_ACTIVE);
}

/* How many steps take so many nanoseconds here. */
static unsigned steps_for(double ns) {
  enum { STEPS = 10000000 };
  uint64_t began = now();
  work(STEPS);
  return (unsigned)(ns * STEPS / (double)(now() - began) + 0.5);
}

static void announce(int commands, uint64_t calls) {
  if (write(commands, &calls, sizeof calls) != sizeof calls) die("write");
}

/* One call beforehand, unmeasured, during which the server wakes up. */
static void batch(struct window *w, int commands, uint64_t calls) {
  announce(commands, calls + 1);
  call(w);
  uint64_t began = now();
  for (uint64_t i = 0; i < calls; i++) call(w);
  printf("{\"ns\": %llu}\n", (unsigned long long)(now() - began));
}

static void latencies(struct window *w, int commands, uint64_t calls) {
  uint64_t *took = malloc(calls * sizeof *took);
  if (took == NULL) die("malloc");
  announce(commands, calls + 1);
  call(w);
  for (uint64_t i = 0; i < calls; i++) {
    uint64_t began = now();
    call(w);
    took[i] = now() - began;
  }
  printf("{\"ns\": [");
  for (uint64_t i = 0; i < calls; i++) printf("%s%llu", i ? "," : "", (unsigned long long)took[i]);
  printf("]}\n");
  free(took);
}

int main(int argc, char **argv) {
  if (argc > 1) work_steps = steps_for(atof(argv[1]));
  if (argc > 2) has_pause = strcmp(argv[2], "no-pause") != 0;
  int memfd = memfd_create("lisafs-bench-floor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  int commands[2];
  if (memfd < 0 || ftruncate(memfd, WINDOW_BYTES) != 0 || pipe(commands) != 0) die("set up");
  struct window *w = mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (w == MAP_FAILED) die("mmap");
  pid_t server = fork();
  if (server < 0) die("fork");
  if (server == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(commands[1]);
    serve(w, commands[0]);
    _exit(0);
  }
  close(commands[0]);
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  printf("{\"ready\": true}\n");
  fflush(stdout);
  char line[128], name[32];
  unsigned long long calls;
  while (fgets(line, sizeof line, stdin) != NULL) {
    int fields = sscanf(line, "%31s %llu", name, &calls);
    if (fields == 2 && strcmp(name, "batch") == 0) batch(w, commands[1], calls);
    else if (fields == 2 && strcmp(name, "latencies") == 0) latencies(w, commands[1], calls);
    else if (fields == 1 && strcmp(name, "end") == 0) break;
    else printf("{\"error\": \"floor knows batch N, latencies N and end\"}\n");
    fflush(stdout);
  }
  close(commands[1]);
  waitpid(server, NULL, 0);
  return 0;
}
