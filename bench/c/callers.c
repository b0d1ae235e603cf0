/*
 * What several callers of one server cost at the least: threads that have a window each, and a server in another
 * process that looks at all of them, one after the other. Nobody enters the kernel on the way but for the fstat(2) of
 * each call.
 *
 * Usage: callers COUNT MS FILE. Reads commands from standard input, one a line, and answers with a line of JSON:
 *   alone I   one of the callers calls for MS milliseconds, the first being 0: {"rate": CALLS A SECOND}
 *   all N     the first N do, in the same milliseconds: the same, of all of them
 *
 * Between commands everybody sleeps in read(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "window.h"

enum { MOST_CALLERS = 64, WINDOW_BYTES = 2 * HEADER_BYTES, BYE_BYTES = 0, BLOCK_CALLS = 64 };

static char *windows;
static int file;
static uint64_t window_ns;

struct caller {
  pthread_t thread;
  struct window *w;
  /* When to begin comes by the one, how many calls there were goes by the other. */
  int orders[2];
  int results[2];
};

static struct window *window_of(unsigned i) {
  return (struct window *)(windows + (size_t)i * WINDOW_BYTES);
}

static void must_read(int fd, void *at, size_t size) {
  if (read(fd, at, size) != (ssize_t)size) die("read");
}

static void must_write(int fd, const void *at, size_t size) {
  if (write(fd, at, size) != (ssize_t)size) die("write");
}

/* Who calls. */
struct order {
  uint32_t first;
  uint32_t count;
};

/* Answers their windows until each has said good-bye. */
static void serve(struct order callers) {
  struct stat st;
  for (uint32_t left = callers.count; left > 0; pause_cpu()) {
    for (uint32_t i = 0; i < callers.count; i++) {
      struct window *w = window_of(callers.first + i);
      if (atomic_load_explicit(&w->conn_state, memory_order_acquire) != SERVER_ACTIVE) continue;
      if (atomic_load_explicit(&w->data_len, memory_order_relaxed) == BYE_BYTES) left--;
      else if (fstat(file, &st) != 0) die("fstat");
      else memcpy(payload(w), &st, sizeof st);
      hand_over(w, SERVER_ACTIVE, CLIENT_ACTIVE, CALL_BYTES);
    }
  }
}

static inline void call(struct window *w, uint32_t bytes) {
  hand_over(w, CLIENT_ACTIVE, SERVER_ACTIVE, bytes);
  while (atomic_load_explicit(&w->conn_state, memory_order_acquire) != CLIENT_ACTIVE) pause_cpu();
}

static void *run_caller(void *of) {
  struct caller *self = of;
  for (;;) {
    uint64_t from, calls = 0;
    must_read(self->orders[0], &from, sizeof from);
    for (; now() < from + window_ns; calls += BLOCK_CALLS) {
      for (int i = 0; i < BLOCK_CALLS; i++) call(self->w, CALL_BYTES);
    }
    call(self->w, BYE_BYTES);
    must_write(self->results[1], &calls, sizeof calls);
  }
  return NULL;
}

static void together(struct caller *callers, struct order order, int server) {
  must_write(server, &order, sizeof order);
  uint64_t from = now(), sum = 0;
  for (uint32_t i = order.first; i < order.first + order.count; i++)
    must_write(callers[i].orders[1], &from, sizeof from);
  for (uint32_t i = order.first; i < order.first + order.count; i++) {
    uint64_t calls;
    must_read(callers[i].results[0], &calls, sizeof calls);
    sum += calls;
  }
  printf("{\"rate\": %.0f}\n", (double)sum * 1e9 / (double)window_ns);
}

static void start_caller(struct caller *caller, unsigned i) {
  caller->w = window_of(i);
  if (pipe(caller->orders) != 0 || pipe(caller->results) != 0) die("pipe");
  if (pthread_create(&caller->thread, NULL, run_caller, caller) != 0) die("pthread_create");
}

int main(int argc, char **argv) {
  unsigned most = argc == 4 ? (unsigned)atoi(argv[1]) : 0;
  if (most < 1 || most > MOST_CALLERS) {
    fprintf(stderr, "usage: callers COUNT MS FILE\n");
    return 2;
  }
  window_ns = (uint64_t)(atof(argv[2]) * 1e6);
  if ((file = open(argv[3], O_RDONLY | O_CLOEXEC)) < 0) die(argv[3]);
  windows = map_shared((size_t)most * WINDOW_BYTES);
  int orders[2];
  if (pipe(orders) != 0) die("pipe");
  pid_t server = fork();
  if (server < 0) die("fork");
  if (server == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(orders[1]);
    struct order order;
    while (read(orders[0], &order, sizeof order) == sizeof order) serve(order);
    _exit(0);
  }
  close(orders[0]);
  struct caller callers[MOST_CALLERS];
  for (unsigned i = 0; i < most; i++) start_caller(&callers[i], i);
  printf("{\"ready\": true}\n");
  fflush(stdout);
  char line[128], name[32];
  unsigned n;
  while (fgets(line, sizeof line, stdin) != NULL) {
    int fields = sscanf(line, "%31s %u", name, &n);
    if (fields == 2 && strcmp(name, "alone") == 0 && n < most) together(callers, (struct order){n, 1}, orders[1]);
    else if (fields == 2 && strcmp(name, "all") == 0 && n >= 1 && n <= most)
      together(callers, (struct order){0, n}, orders[1]);
    else if (fields == 1 && strcmp(name, "end") == 0) break;
    else printf("{\"error\": \"of %u callers one can be told: alone I, all N, end\"}\n", most);
    fflush(stdout);
  }
  close(orders[1]);
  waitpid(server, NULL, 0);
  return 0;
}
