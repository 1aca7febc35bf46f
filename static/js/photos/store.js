// What is kept on this device, for one person: photos on their way (hashes and state, and the file's name until they
// are registered), small previews if wished for, and settings. No pixels of photos, and nothing of it is ever sent
// but hashes. Another person who logs in here has a store of another name.

const STORES = ["photos", "previews", "settings"];
const STANDING = 1;

const asked = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

class Store {
  constructor(database) {
    this.database = database;
  }

  within(name, mode) {
    return this.database.transaction(name, mode).objectStore(name);
  }

  all(name) {
    return asked(this.within(name, "readonly").getAll());
  }

  keys(name) {
    return asked(this.within(name, "readonly").getAllKeys());
  }

  get(name, key) {
    return asked(this.within(name, "readonly").get(key));
  }

  // Entries are [key, value]. Done when they are on disk.
  change(name, { put = [], remove = [] }) {
    const store = this.within(name, "readwrite");
    for (const [key, value] of put) store.put(value, key);
    for (const key of remove) store.delete(key);
    return new Promise((resolve, reject) => {
      store.transaction.oncomplete = () => resolve();
      store.transaction.onabort = () => reject(store.transaction.error);
    });
  }

  async wipe() {
    for (const name of STORES) await asked(this.within(name, "readwrite").clear());
  }
}

export async function open(own) {
  const request = indexedDB.open(own, STANDING);
  request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
  return new Store(await asked(request));
}

// The same, but only where something was kept before: looking leaves no trace.
export async function openIfThere(own) {
  const there = (await indexedDB.databases?.()) ?? [];
  return there.some(({ name }) => name === own) ? open(own) : null;
}
