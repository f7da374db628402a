#!/usr/bin/env node
'use strict';
// Starts Reeve with a Node that can run it. Built-ins and old syntax only: this file must work with whatever Node
// is on the machine, before anything was installed.
//
//   node bin/reeve.cjs <verb> ...            runs src/bin/reeve.ts
//   node bin/reeve.cjs --run <file.ts> ...   runs another TypeScript file of this clone (tests, benchmarks)
//
// Exit codes: those of the program; 2 where the system is unsupported; 1 where set-up failed.

const childProcess = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const root = path.dirname(__dirname);
const modules = path.join(root, 'node_modules');
// Of each major version the oldest minor one with type stripping without a flag, and with what undici needs.
const OLDEST_MINOR = { 22: 19, 23: 6 };

main();

function main() {
  refuseUnsupported();
  bringModules();
  run(chooseNode(), process.argv.slice(2));
}

function fail(code, line) {
  process.stderr.write('reeve: ' + line + '\n');
  process.exit(code);
}

function refuseUnsupported() {
  const system = process.platform + '/' + process.arch;
  const supported = ['linux/x64', 'linux/arm64', 'darwin/x64', 'darwin/arm64'];
  if (supported.indexOf(system) < 0) {
    fail(2, system + ' is not supported: Reeve runs on Linux (x64, arm64; glibc) and macOS. On Windows, use WSL 2.');
  }
  if (process.platform === 'linux' && process.report && !process.report.getReport().header.glibcVersionRuntime) {
    fail(2, 'this Linux has no glibc (musl?), which the Postgres and uWSGI binaries need: use Debian, Ubuntu, Fedora or the like.');
  }
  // Before npm ci, which would bring no Node here: npm has the pinned one for Linux alone.
  if (process.platform === 'darwin' && isTooOld()) {
    fail(1, 'Node ' + process.versions.node + ' is too old: on macOS install Node 24 (at least 22.19 or 23.6; brew install node@24), then start again.');
  }
}

// --- node_modules -------------------------------------------------------------------------------------------

function bringModules() {
  const wanted = lockDigest();
  if (isFresh(wanted)) return;
  const release = takeLock(path.join(root, '.reeve', 'npm.lock'));
  try {
    if (isFresh(wanted)) return; // another start has brought them while this one waited
    installModules();
    fs.mkdirSync(modules, { recursive: true });
    fs.writeFileSync(path.join(modules, '.reeve-stamp'), wanted);
  } finally {
    release();
  }
}

function lockDigest() {
  const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  return crypto.createHash('sha256').update(lock).update(process.platform + process.arch).digest('hex');
}

function isFresh(wanted) {
  const stamp = path.join(modules, '.reeve-stamp');
  try {
    if (fs.readFileSync(stamp, 'utf8') === wanted) return true;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (!matchesLock()) return false;
  fs.writeFileSync(stamp, wanted);
  return true;
}

// A person or CI may have run `npm ci` already: npm's own record of what it installed says so.
function matchesLock() {
  let wanted;
  let present;
  try {
    wanted = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
    present = JSON.parse(fs.readFileSync(path.join(modules, '.package-lock.json'), 'utf8')).packages;
  } catch (error) {
    return false;
  }
  return Object.keys(wanted).every(function (name) {
    if (name === '') return true;
    const there = present[name];
    if (!there) return wanted[name].optional === true && !suits(wanted[name]);
    return there.version === wanted[name].version && there.integrity === wanted[name].integrity;
  });
}

function suits(entry) {
  return matches(entry.os, process.platform) && matches(entry.cpu, process.arch) && matches(entry.libc, 'glibc');
}

function matches(list, value) {
  return !list || list.indexOf(value) >= 0;
}

function installModules() {
  const started = Date.now();
  // Started by npm, the same npm goes on: it is the one whose configuration the person sees.
  const own = process.env.npm_execpath && /npm-cli\.js$/.test(process.env.npm_execpath);
  const command = own ? process.execPath : 'npm';
  const args = (own ? [process.env.npm_execpath] : []).concat(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  process.stderr.write('reeve: installing node_modules (npm ci) ... ');
  const result = childProcess.spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error && result.error.code === 'ENOENT') {
    process.stderr.write('\n');
    fail(1, 'npm was not found: install Node with its npm (24 is best), then start again.');
  }
  if (result.status !== 0) {
    process.stderr.write('failed\n');
    process.stderr.write(excerpt(String(result.stderr || result.stdout || result.error || '')) + '\n');
    fail(1, 'npm ci failed (see above): check the network, the proxy and `npm config`, then start again.');
  }
  process.stderr.write('done in ' + Math.round((Date.now() - started) / 1000) + ' s\n');
}

// npm names the cause first and then explains its own usage at length.
function excerpt(output) {
  const lines = output.split('\n').filter(function (line) {
    return line.trim() !== '' && !/^npm (notice|warn)|^npm error$/.test(line);
  });
  return lines.length <= 15 ? lines.join('\n') : lines.slice(0, 12).concat('...', lines.slice(-2)).join('\n');
}

// Two starts at once must not both run npm ci: the second one waits. The lock is a file that is made by link(2),
// so it never exists half written; one whose process is gone is stale.
function takeLock(file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = file + '.' + process.pid;
  fs.writeFileSync(mine, String(process.pid));
  let said = false;
  for (;;) {
    try {
      fs.linkSync(mine, file);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readNumber(file);
    if (holder && !isAlive(holder)) {
      breakLock(file, holder, mine + '.stale');
      continue;
    }
    if (!said) process.stderr.write('reeve: waiting for process ' + holder + ', which installs node_modules ...\n');
    said = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  unlink(mine);
  process.once('exit', function () {
    if (readNumber(file) === process.pid) unlink(file);
  });
  return function () {
    unlink(file);
  };
}

// Renamed first, so that of two that find it stale only one removes it, and never a new holder's.
function breakLock(file, holder, aside) {
  try {
    fs.renameSync(file, aside);
    if (readNumber(aside) !== holder) fs.linkSync(aside, file);
    unlink(aside);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

function readNumber(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8')) || 0;
  } catch (error) {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function unlink(file) {
  try {
    fs.unlinkSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

// --- Node ---------------------------------------------------------------------------------------------------

function isTooOld() {
  const version = process.versions.node.split('.').map(Number);
  return version[0] < 22 || version[1] < (OLDEST_MINOR[version[0]] || 0);
}

function chooseNode() {
  if (!isTooOld()) return process.execPath;
  const brought = path.join(modules, 'node-' + process.platform + '-' + process.arch, 'bin', 'node');
  if (fs.existsSync(brought)) return brought;
  fail(1, 'Node ' + process.versions.node + ' is too old: install Node 24 (at least 22.19 or 23.6), then start again.');
}

function run(node, argv) {
  const other = argv[0] === '--run';
  if (other && !argv[1]) fail(1, '--run needs the path of a TypeScript file.');
  const file = other ? path.resolve(argv[1]) : path.join(root, 'src', 'bin', 'reeve.ts');
  // Node 22 warns that type stripping is experimental; it is what this project is built on.
  const args = ['--disable-warning=ExperimentalWarning', file].concat(argv.slice(other ? 2 : 0));
  // Compiled once: a short command takes 0.07 s of processor time then, not 0.24 s.
  const env = Object.assign({ NODE_COMPILE_CACHE: path.join(root, '.reeve', 'compiled') }, process.env);
  const child = childProcess.spawn(node, args, { stdio: 'inherit', env: env });
  passSignals(child);
  child.on('error', function (error) {
    fail(1, 'cannot start ' + node + ': ' + error.message);
  });
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

// Ctrl-C reaches every process of the terminal's group, the child too, and npm sends it on once more: then it is
// only outlived here. Without a terminal it was meant for this process, and is passed on once.
function passSignals(child) {
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  let last = 0;
  process.on('SIGINT', function () {
    if (terminal || Date.now() - last < 1000) return;
    last = Date.now();
    child.kill('SIGINT');
  });
  ['SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
}
