/** A mistake in a command: told to the user in a line, with exit status 2. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}
