/** Java behind its gateway: both of its clients, with the Authenticator that they need for any proxy with a password. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { World } from '../world.js';
import { behind, decided, has, openPlace } from './place.js';

const secret = 'ghs_canary0123456789abcdefABCDEF';
const reason = 'Branches are never deleted by agents.';
let world: World;

before(async () => {
  world = await openPlace([
    { place: ['--connector', 'github'], secret, allow: ['github.issue.*'], deny: { 'github.branch.delete': reason } },
  ]);
});
after(() => world.close());

const program = `
import java.io.InputStream;
import java.net.*;
import java.net.http.*;

public class Agent {
  static final URI allowed = URI.create("https://api.github.com/repos/acme/site/issues");
  static final URI denied = URI.create("https://api.github.com/repos/acme/site/git/refs/heads/main");

  static String read(InputStream stream) throws Exception { return new String(stream.readAllBytes()).trim(); }

  static void old(URI uri, String method) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    connection.setRequestMethod(method);
    int status = connection.getResponseCode();
    System.out.println(status + " " + read(status < 400 ? connection.getInputStream() : connection.getErrorStream()));
  }

  static void current(HttpClient client, URI uri, String method) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody()).build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.statusCode() + " " + response.body().trim());
  }

  public static void main(String[] args) throws Exception {
    String[] user = URI.create(System.getenv("HTTPS_PROXY")).getUserInfo().split(":");
    Authenticator.setDefault(new Authenticator() {
      protected PasswordAuthentication getPasswordAuthentication() { return new PasswordAuthentication(user[0], user[1].toCharArray()); }
    });
    old(allowed, "GET");
    old(denied, "DELETE");
    HttpClient client = HttpClient.newBuilder().proxy(ProxySelector.getDefault()).authenticator(Authenticator.getDefault()).build();
    current(client, allowed, "GET");
    current(client, denied, "DELETE");
  }
}`;

test('HttpURLConnection and HttpClient work with a credential that they do not have, and get the reason of a denial', async t => {
  if (!has(t, 'javac', '-version')) return;
  writeFileSync(join(world.dir, 'Agent.java'), program);
  const { code, stdout, stderr } = await behind(world, ['java', 'Agent.java']);
  assert.equal(code, 0, stderr);
  const lines = stdout.trim().split('\n');
  assert.deepEqual(
    lines.map(line => line.slice(0, 3)),
    ['200', '403', '200', '403'],
    stdout,
  );
  for (const line of [lines[1]!, lines[3]!])
    assert.ok((JSON.parse(line.slice(4)) as { detail: string }).detail.includes(reason), line);
  assert.deepEqual(
    world.received.map(({ headers }) => headers.authorization),
    [`Bearer ${secret}`, `Bearer ${secret}`],
  );
  assert.equal(await decided(world, 'github.branch.delete'), 2);
});
