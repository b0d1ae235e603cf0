/** The public types as an editor shows them: the schema's comment on every stub, and nothing that is `any`. */

import { fileURLToPath } from 'node:url';
import { Project, ts, type SourceFile } from 'ts-morph';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const project = new Project({
  compilerOptions: {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  },
});
const schema = project.addSourceFileAtPath(`${root}/schema/lisafs.ts`);
// Beside the compiled entry point, so that its declarations are what is imported, as a user's are.
const probe = project.createSourceFile(
  `${root}/dist/runtime/probe.ts`,
  `import { connect } from './index.js';
const client = await connect({ path: '/' });
export { client };
`,
);
const client = probe.getVariableDeclarationOrThrow('client');

const types = suite('public types');

/** Each message of the schema: its stub's name and the first sentence of its comment. */
function messages(file: SourceFile): { name: string; comment: string }[] {
  return file
    .getInterfaceOrThrow('LISAFS')
    .getProperties()
    .map((property) => ({
      name: property.getName().replace(/^[A-Z]+/, (capitals) => capitals.toLowerCase()),
      comment: property.getJsDocs()[0]!.getDescription().trim().split(/[.\n]/)[0]!,
    }));
}

types("hovering a stub shows the schema's comment, on both faces", () => {
  const service = project.getLanguageService().compilerObject;
  const stubs = messages(schema).filter(({ name }) => name !== 'error' && name !== 'mount');
  assert.ok(stubs.length === 32);
  const faces = stubs.flatMap(({ name, comment }) => [name, `${name}Sync`].map((face) => ({ face, comment })));
  probe.addStatements(faces.map(({ face }) => `client.${face};`));
  for (const { face, comment } of faces) {
    const position = probe.getFullText().indexOf(`client.${face};`) + 'client.'.length;
    const info = service.getQuickInfoAtPosition(probe.getFilePath(), position);
    const shown = ts.displayPartsToString(info?.documentation).replaceAll('\n', ' ');
    assert.ok(shown.includes(comment.replaceAll('\n', ' ')), `${face}: ${shown || '(nothing)'}; expected: ${comment}`);
  }
});

/** The lines of a program over `client` that the compiler refuses. */
function refused(lines: string[]): string[] {
  const source = `import { client } from './probe.js';\nimport { Statx } from './index.js';\n${lines.join('\n')}\n`;
  const file = project.createSourceFile(`${root}/dist/runtime/user.ts`, source, { overwrite: true });
  const at = file.getPreEmitDiagnostics().map((diagnostic) => diagnostic.getLineNumber()!);
  return lines.filter((_, i) => at.includes(i + 3));
}

types('what fits compiles, and what does not is refused', () => {
  const fits = [
    'const { root, hostFD, supportedMs } = await client.mount();',
    'const one: Statx = await client.fstat({ fd: root.controlFD });',
    'const two: Statx = client.fstatSync({ fd: root.controlFD }, new Statx());',
    'const size: bigint = one.size; const number: number = two.sizeNumber;',
    "const names: string[] = ['a']; await client.walk({ dirFD: root.controlFD, path: names });",
    'const nothing: void = await client.flush({ fd: root.controlFD });',
    'const host: number | undefined = hostFD?.fd; const first: number | undefined = supportedMs[0];',
  ];
  const doesNot = [
    "await client.mount('/');",
    'await client.fstat({ fd: 1 });',
    'await client.fstat();',
    "await client.walk({ dirFD: root.controlFD, path: 'a' });",
    'const rounded: number = one.size;',
    'client.nothingOfTheKind();',
    'await client.setStat({ fd: root.controlFD });',
  ];
  assert.equal(refused([...fits, ...doesNot]), doesNot);
});

types('no member of the client, no parameter and no result is any', () => {
  for (const property of client.getType().getProperties()) {
    const type = property.getTypeAtLocation(client);
    assert.not(type.isAny(), `client.${property.getName()} is any`);
    for (const signature of type.getCallSignatures()) {
      const parts = [
        signature.getReturnType(),
        ...signature.getParameters().map((one) => one.getTypeAtLocation(client)),
      ];
      for (const part of parts) assert.not(/\bany\b/.test(part.getText()), `${property.getName()}: ${part.getText()}`);
    }
  }
});

types.run();
