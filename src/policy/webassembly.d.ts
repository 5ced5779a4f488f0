/**
 * The little of the WebAssembly JavaScript interface that this room uses: TypeScript declares it only together with
 * the whole of the browser. https://webassembly.github.io/spec/js-api/
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static exports(module: Module): { readonly name: string }[];
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface WebAssemblyInstantiatedSource {
    readonly instance: Instance;
  }
}
