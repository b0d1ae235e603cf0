/*
 * What shared memory costs at the least: two processes hand one word of a memfd to and fro by compare-and-swap, as
 * flipcall does, and never enter the kernel on the way.
 *
 * Reads commands from standard input, one a line, and answers each with a line of JSON (bench/driver.ts):
 *   batch N      N round trips: {"ns": TOTAL}
 *   latencies N  each timed by itself: {"ns": [...]}
 *   paced N      the same, each after a pause in which the server fell asleep in futex(2): one wake in each call
 * What the two ends do besides is said by arguments, in any order:
 *   work NS          so many nanoseconds of work at each end, between taking the turn and giving it away
 *   no-pause         they look without the pause instruction, which JavaScript has no way to give
 *   late NS          the caller looks for the first time so long after it has handed the turn over
 *   fstat FILE       the server asks fstat(2) of an open file
 *   pread FILE SIZE  the server reads so much of it into the window, and the caller copies that to memory of its own
 *
 * Between commands the other process sleeps in read(2): a floor that spins on while others are measured would slow
 * them down.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include "window.h"

enum { PAUSE_MS = 4 };

/* What the ends do, see above. */
static int has_pause = 1;
static unsigned work_steps;
static unsigned late_steps;
static const char *file_name;
static int file = -1;
static size_t read_bytes;
static char *own_memory;

static inline void wait_for(struct window *w, uint32_t own) {
  while (atomic_load_explicit(&w->conn_state, memory_order_acquire) != own) {
    if (has_pause) pause_cpu();
  }
}

/* Steps that wait for each other, and for nothing else. */
static inline void work(unsigned steps) {
  uint64_t x = 1;
  for (unsigned i = 0; i < steps; i++) {
    x = x * 31 + i;
    __asm__ volatile("" : "+r"(x));
  }
}

static inline void handle(struct window *w) {
  struct stat st;
  work(work_steps);
  if (read_bytes > 0) {
    if (pread(file, payload(w), read_bytes, 0) != (ssize_t)read_bytes) die(file_name);
  } else if (file >= 0) {
    if (fstat(file, &st) != 0) die(file_name);
    memcpy(payload(w), &st, sizeof st);
  }
}

static void futex(struct window *w, int op, uint32_t value) {
  syscall(SYS_futex, &w->conn_state, op, value, NULL, NULL, 0);
}

/* What the server is told to do: so many calls, asleep before each or not. */
struct order {
  uint64_t calls;
  uint64_t sleeps;
};

/* Answers as many calls as the pipe says, again and again, until the pipe is closed. */
static void serve(struct window *w, int commands) {
  struct order order;
  while (read(commands, &order, sizeof order) == sizeof order) {
    for (uint64_t i = 0; i < order.calls; i++) {
      while (order.sleeps && atomic_load(&w->conn_state) != SERVER_ACTIVE) futex(w, FUTEX_WAIT, CLIENT_ACTIVE);
      wait_for(w, SERVER_ACTIVE);
      handle(w);
      hand_over(w, SERVER_ACTIVE, CLIENT_ACTIVE, CALL_BYTES);
    }
  }
}

static inline void call(struct window *w) {
  work(work_steps);
  hand_over(w, CLIENT_ACTIVE, SERVER_ACTIVE, CALL_BYTES);
  work(late_steps);
  wait_for(w, CLIENT_ACTIVE);
  if (read_bytes > 0) memcpy(own_memory, payload(w), read_bytes);
}

/* How many steps take so many nanoseconds here. */
static unsigned steps_for(double ns) {
  enum { STEPS = 10000000 };
  uint64_t began = now();
  work(STEPS);
  return (unsigned)(ns * STEPS / (double)(now() - began) + 0.5);
}

static void announce(int commands, struct order order) {
  if (write(commands, &order, sizeof order) != sizeof order) die("write");
}

/* One call beforehand, unmeasured, during which the server wakes up. */
static void batch(struct window *w, int commands, uint64_t calls) {
  announce(commands, (struct order){.calls = calls + 1});
  call(w);
  uint64_t began = now();
  for (uint64_t i = 0; i < calls; i++) call(w);
  printf("{\"ns\": %llu}\n", (unsigned long long)(now() - began));
}

static void paced_call(struct window *w) {
  hand_over(w, CLIENT_ACTIVE, SERVER_ACTIVE, CALL_BYTES);
  futex(w, FUTEX_WAKE, INT_MAX);
  wait_for(w, CLIENT_ACTIVE);
}

static void latencies(struct window *w, int commands, uint64_t calls, int paced) {
  uint64_t *took = malloc(calls * sizeof *took);
  if (took == NULL) die("malloc");
  announce(commands, (struct order){.calls = calls + 1, .sleeps = paced});
  if (paced) paced_call(w);
  else call(w);
  for (uint64_t i = 0; i < calls; i++) {
    if (paced) nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
    uint64_t began = now();
    if (paced) paced_call(w);
    else call(w);
    took[i] = now() - began;
  }
  printf("{\"ns\": [");
  for (uint64_t i = 0; i < calls; i++) printf("%s%llu", i ? "," : "", (unsigned long long)took[i]);
  printf("]}\n");
  free(took);
}

static void parse(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "no-pause") == 0) has_pause = 0;
    else if (strcmp(argv[i], "work") == 0 && i + 1 < argc) work_steps = steps_for(atof(argv[++i]));
    else if (strcmp(argv[i], "late") == 0 && i + 1 < argc) late_steps = steps_for(atof(argv[++i]));
    else if (strcmp(argv[i], "fstat") == 0 && i + 1 < argc) file_name = argv[++i];
    else if (strcmp(argv[i], "pread") == 0 && i + 2 < argc) {
      file_name = argv[++i];
      read_bytes = strtoull(argv[++i], NULL, 10);
    } else {
      fprintf(stderr, "usage: floor [work NS] [no-pause] [late NS] [fstat FILE | pread FILE SIZE]\n");
      exit(2);
    }
  }
  if (file_name != NULL && (file = open(file_name, O_RDONLY | O_CLOEXEC)) < 0) die(file_name);
  /* Written to, so that its pages are there before they are measured. */
  if (read_bytes > 0 && (own_memory = malloc(read_bytes)) != NULL) memset(own_memory, 1, read_bytes);
  if (read_bytes > 0 && own_memory == NULL) die("malloc");
}

int main(int argc, char **argv) {
  parse(argc, argv);
  size_t window_bytes = 2 * HEADER_BYTES + read_bytes;
  int commands[2];
  if (pipe(commands) != 0) die("pipe");
  struct window *w = map_shared(window_bytes);
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
    else if (fields == 2 && strcmp(name, "latencies") == 0) latencies(w, commands[1], calls, 0);
    else if (fields == 2 && strcmp(name, "paced") == 0) latencies(w, commands[1], calls, 1);
    else if (fields == 1 && strcmp(name, "end") == 0) break;
    else printf("{\"error\": \"floor knows batch N, latencies N, paced N and end\"}\n");
    fflush(stdout);
  }
  close(commands[1]);
  waitpid(server, NULL, 0);
  return 0;
}
