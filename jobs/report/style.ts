/** The page's look, on screens of any width and on paper. */
export const STYLE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:2.5rem 1.25rem 4rem;max-width:77.5rem;background:#fff;color:#222;
  font:400 1rem/1.55 Lato,"Helvetica Neue",Helvetica,Arial,sans-serif}
h1,h2,h3{line-height:1.2;overflow-wrap:anywhere}
h1{margin:0;font-size:2.1rem}
h2{margin:3rem 0 1rem;padding-top:1rem;border-top:1px solid #ddd;font-size:1.5rem}
h3{margin:2.25rem 0 .75rem;font-size:1.15rem}
p,dl,li{max-width:46rem;overflow-wrap:anywhere}
a{color:#005a8e}
.subtitle{margin:.4rem 0 1.2rem;color:#555}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:0;padding:0;list-style:none}
.scroll{overflow-x:auto;overscroll-behavior-x:contain}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums lining-nums}
caption{padding:.5rem 0;color:#555;text-align:left;caption-side:bottom;font-size:.85rem}
caption span{display:block;position:sticky;left:0;max-width:min(46rem,calc(100vw - 2.5rem))}
th,td{padding:.3rem 0 .3rem .9rem;border-bottom:1px solid #e4e4e4;text-align:left;vertical-align:top;white-space:nowrap}
th:first-child,td:first-child{padding-left:0}
thead th{border-bottom:2px solid #888;vertical-align:bottom}
tbody th{min-width:8rem;max-width:18rem;white-space:normal;overflow-wrap:anywhere}
.sentence{min-width:16rem;max-width:36rem;white-space:normal;overflow-wrap:anywhere}
.number{text-align:right}
tbody tr:hover{background:#f6f6f6}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr));gap:1rem 2rem;margin:1rem 0}
figure{margin:0;min-width:0}
figure.wide{grid-column:1/-1}
figure svg{display:block;max-width:100%;height:auto}
figcaption{max-width:46rem;overflow-wrap:anywhere;color:#555;font-size:.85rem}
.file{color:#777;font-size:.8rem;overflow-wrap:anywhere}
pre{margin:.75rem 0;padding:.75rem 1rem;overflow-x:auto;border:1px solid #ddd;border-radius:4px;background:#f6f6f6;
  font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre code{font:inherit;user-select:all;-webkit-user-select:all}
dt{margin-top:.8rem;font-weight:700}
dd{margin:0}
details{margin:.75rem 0}
summary{cursor:pointer;color:#005a8e}
:focus-visible{outline:2px solid #005a8e;outline-offset:2px}
@media (max-width:40rem){
  body{padding:1.25rem 1rem 3rem}
  h1{font-size:1.6rem}
  h2{margin-top:2.25rem;font-size:1.3rem}
  figure.wide svg{max-width:none;width:40rem!important}
}
@media print{
  @page{size:A4;margin:16mm 14mm}
  body{max-width:none;padding:0;font-size:10pt}
  h2,h3{break-after:avoid}
  figure,tr{break-inside:avoid}
  .scroll{overflow:visible}
  table{font-size:7.5pt}
  th,td{padding:.2rem 0 .2rem .5rem;white-space:normal}
  tbody th{min-width:0}
  .sentence{min-width:0}
  thead{display:table-header-group}
  nav{display:none}
  a{color:inherit;text-decoration:none}
  pre{white-space:pre-wrap;overflow-wrap:anywhere}
}
`;
