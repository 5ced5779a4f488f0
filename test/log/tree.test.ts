/** The tree, checked against published vectors and against the recursive definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyRoot, Frontier, inclusionProof, leafHash, nodeHash, rootFromProof } from '../../src/log/tree.js';

// The reference inputs and roots of the Certificate Transparency project (google/certificate-transparency, merkletree tests).
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('the tree has the published RFC 6962 roots', () => {
  assert.equal(emptyRoot, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  const frontier = new Frontier();
  assert.equal(frontier.root(), emptyRoot);
  for (const [i, input] of inputs.entries()) {
    frontier.append(leafHash(Buffer.from(input, 'hex')));
    assert.equal(frontier.root(), roots[i]);
  }
});

/** MTH as RFC 6962 §2.1 defines it. */
function definition(leaves: readonly string[]): string {
  if (leaves.length === 0) return emptyRoot;
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(definition(leaves.slice(0, k)), definition(leaves.slice(k)));
}

test('a tree that grows, also one that was put down and taken up again, has the root of the definition', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(200), (first, more) => {
      const leaves = Array.from({ length: first + more }, (_, i) => leafHash(`${i}`));
      const before = new Frontier();
      for (const leaf of leaves.slice(0, first)) before.append(leaf);
      const after = new Frontier(before.size, before.hashes);
      for (const leaf of leaves.slice(first)) after.append(leaf);
      assert.equal(after.root(), definition(leaves));
    }),
    { numRuns: 40 },
  );
  assert.throws(() => new Frontier(5, [emptyRoot]), RangeError);
});

test('the proof of any entry leads to the root, and with one hash, index or leaf changed it does not', () => {
  const shape = fc.integer({ min: 1, max: 150 }).chain(size => fc.tuple(fc.constant(size), fc.nat(size - 1)));
  fc.assert(
    fc.property(shape, fc.nat(20), ([size, index], which) => {
      const leaves = Array.from({ length: size }, (_, i) => leafHash(`${i}`));
      const path = inclusionProof(index, size, (from, to) => leaves.slice(from, to));
      const root = definition(leaves);
      assert.equal(rootFromProof(index, size, leaves[index]!, path), root);
      assert.notEqual(rootFromProof(index, size, leafHash('another'), path), root);
      assert.notEqual(rootFromProof(index, size, leaves[index]!, [...path, emptyRoot]), root);
      assert.equal(rootFromProof(size, size, leaves[index]!, path), null);
      if (path.length > 0) {
        const changed = path.with(which % path.length, emptyRoot);
        assert.notEqual(rootFromProof(index, size, leaves[index]!, changed), root);
        assert.notEqual(rootFromProof(index, size, leaves[index]!, path.slice(1)), root);
        assert.notEqual(rootFromProof((index + 1) % size, size, leaves[index]!, path), root);
      }
    }),
    { numRuns: 80 },
  );
});
