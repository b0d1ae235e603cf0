/** Answers what its parent sends over the channel of child_process.fork. */

process.on('message', (message) => void process.send!(message));
