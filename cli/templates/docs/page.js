/* The page's own program: searching, and light or dark. It fetches nothing. */
(() => {
  const search = document.getElementById('search');
  const count = document.getElementById('count');
  const nothing = document.getElementById('nothing');
  const articles = [...document.querySelectorAll('article')];
  const entries = new Map([...document.querySelectorAll('nav li')].map((entry) => [entry.dataset.for, entry]));

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const article of articles) {
      const matches = words.every((word) => article.dataset.search.includes(word));
      article.hidden = !matches;
      const entry = entries.get(article.id);
      if (entry) entry.hidden = !matches;
      if (matches) shown += 1;
    }
    nothing.hidden = shown > 0;
    count.textContent = words.length === 0 ? '' : `${shown} of ${articles.length}`;
    for (const section of document.querySelectorAll('main > section')) {
      const empty = !articles.some((article) => !article.hidden && section.contains(article));
      const headings = [
        ...section.querySelectorAll(':scope > h2'),
        ...document.querySelectorAll(`nav h2[data-of=${section.id}]`),
      ];
      for (const heading of headings) heading.hidden = empty;
    }
  }
  filter();

  search.addEventListener('input', filter);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === 'Escape' && search.value !== '') {
      search.value = '';
      filter();
    }
  });
  // A link to something that the search hides shows it.
  globalThis.addEventListener('hashchange', () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.hidden) return;
    search.value = '';
    filter();
    target.scrollIntoView();
  });

  const root = document.documentElement;
  document.getElementById('theme').addEventListener('click', () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === 'dark'
      : globalThis.matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
})();
