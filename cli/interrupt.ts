/** Work that is not to be left half done when somebody presses ^C. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work that ends early when its signal fires, which is at the first SIGINT, SIGTERM or SIGHUP; then the process
 * ends by that signal, as one does that has no handler. A second one ends it at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  let came: NodeJS.Signals | undefined;
  const forget = (): void => SIGNALS.forEach((name) => process.off(name, interrupt));
  const interrupt = (name: NodeJS.Signals): void => {
    came = name;
    forget();
    ending.abort();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    return await work(ending.signal);
  } finally {
    forget();
    if (came !== undefined) process.kill(process.pid, came);
  }
}
